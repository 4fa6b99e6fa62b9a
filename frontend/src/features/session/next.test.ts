import { expect, test } from 'vitest'
import { ownPath } from './next'

test.each(['/machines/3?x=1', '/'])('%s is a page of ours', (path) => {
  expect(ownPath(path)).toBe(path)
})

test.each([
  '//evil.example',
  '/\\evil.example',
  'https://evil.example',
  'javascript:alert(1)',
  '/\t/evil',
  null,
  ['/a'],
])('%j leads home', (path) => {
  expect(ownPath(path)).toBe('/')
})
