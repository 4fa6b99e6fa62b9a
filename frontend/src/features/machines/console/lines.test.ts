import { describe, expect, test } from 'vitest'
import { line } from '@/testing'
import { asText, clock, joined, KEPT, matching, severity } from './lines'

describe('the console', () => {
  test('keeps the newest lines only', () => {
    const flood = Array.from({ length: KEPT + 10 }, (_, index) => line(index + 1))
    const kept = joined([], flood, 0)
    expect(kept).toHaveLength(KEPT)
    expect(kept[0]?.number).toBe(11)
  })

  test('says where lines went by, also when none came after', () => {
    const kept = joined(joined([line(1)], [line(8)], 6), [], 3)
    expect(kept.map((one) => ('gap' in one ? `${one.gap} lost` : one.number))).toEqual([
      1,
      '6 lost',
      8,
      '3 lost',
    ])
    expect(new Set(kept.map((one) => one.number)).size).toBe(4)
  })

  test('begins anew when the numbers do', () => {
    expect(joined([line(40)], [line(1)], 0)).toEqual([line(1)])
  })

  test('is filtered by words in any case; gaps stay', () => {
    const kept = joined([line(1, 'eth0: Link up'), line(2, 'disk', 'err')], [line(9)], 6)
    expect(matching(kept, 'LINK eth')).toEqual([line(1, 'eth0: Link up'), kept[2]])
    expect(matching(kept, 'err')).toHaveLength(2)
    expect(matching(kept, ' ')).toEqual(kept)
  })
})

test.each([
  ['err', 'bad'],
  ['WARNING', 'moving'],
  ['debug', 'faint'],
  ['whatever', 'plain'],
])('%s is %s', (level, loud) => {
  expect(severity(level)).toBe(loud)
})

test('a line is copied whole', () => {
  expect(asText([line(1, 'a'), { gap: 2, number: 1.5 }])).toBe(
    '2026-11-21T10:00:00.045Z kernel info a\n... 2 lines went by ...',
  )
  expect(clock('2026-11-21T10:00:00.045Z')).toMatch(/00\.045$/)
})
