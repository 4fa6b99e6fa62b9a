import { expect, test } from 'vitest'
import { ago, bytes, count, duration } from './format'

test.each([
  [0, '0 ms'],
  [840, '840 ms'],
  [3_240, '3.2 s'],
  [42_900, '42 s'],
  [252_000, '4 min 12 s'],
  [7_200_000, '2 h'],
  [183_600_000, '2 d 3 h'],
])('%i ms reads %s', (ms, text) => {
  expect(duration(ms)).toBe(text)
})

test('a moment reads as one unit, past and future', () => {
  expect(ago(3_000)).toBe('just now')
  expect(ago(200_000)).toBe('3 min ago')
  expect(ago(-7_300_000)).toBe('in 2 h')
})

test('bytes are binary', () => {
  expect(bytes(1)).toBe('1 B')
  expect(bytes(104_857_600)).toBe('100 MiB')
  expect(bytes(1_610_612_736)).toBe('1.5 GiB')
})

test('thousands stand apart', () => {
  expect(count(10_000)).toBe('10\u202f000')
})
