import { describe, expect, it } from 'vitest'
import { boots, busy, rate, rates, share, span, type Day } from './days'

const day = (name: string, reached = 0, failed = 0): Day => ({
  day: name,
  reached,
  failed,
  undecided: 0,
  under_way: 0,
})

describe('days', () => {
  it('have no rate when nothing ended', () => {
    expect(rate(day('2026-11-20'))).toBeNull()
    expect(rate(day('2026-11-20', 3, 1))).toBe(0.75)
    expect(rates([day('2026-11-20'), day('2026-11-21', 1)])[0]?.values).toEqual([null, 100])
  })

  it('are listed newest first, without the quiet ones', () => {
    const days = [day('2026-11-19', 1), day('2026-11-20'), day('2026-11-21', 0, 2)]
    expect(busy(days).map((one) => one.day)).toEqual(['2026-11-21', '2026-11-19'])
    expect(boots(days)[1]?.values).toEqual([0, 0, 2])
  })
})

describe('span', () => {
  it('refuses what no button offers', () => {
    expect(span(7)).toBe(7)
    expect(span(8000)).toBe(30)
  })
})

describe('share', () => {
  it('shows even the shortest, and nothing for nothing', () => {
    expect(share(1, 10_000)).toBe(1)
    expect(share(null, 10)).toBe(0)
    expect(share(5, 10)).toBe(50)
  })
})
