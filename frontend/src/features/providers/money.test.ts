import { describe, expect, it } from 'vitest'
import type { Price } from '@/api/types'
import { cheapest, exact, money, priceWords, shownAmount, sumsOf } from './money'

const price = (what: Partial<Price>): Price => ({
  currency: 'EUR',
  hourly: null,
  monthly: null,
  setup: '0',
  ...what,
})

describe('an amount', () => {
  it('is read exactly as the provider wrote it', () => {
    expect(exact('0.1')).toBe(100_000_000n)
    expect(exact('1E+2')).toBe(100_000_000_000n)
    expect(exact('0.44')! + exact('0.22')!).toBe(exact('0.66'))
    expect(exact('free')).toBeNull()
    expect(exact('-1')).toBeNull()
    expect(exact(null)).toBeNull()
  })

  it('is shown with two to four places', () => {
    expect(money('0.4400', 'EUR')).toBe('0.44 EUR')
    expect(money('0.00625', 'USD')).toBe('0.0063 USD')
    expect(shownAmount(exact('1234567.5')!, 2)).toBe('1\u202f234\u202f567.50')
    expect(money('call us', 'EUR')).toBe('call us EUR')
  })
})

describe('a price', () => {
  it('says what an hour and a month come to, whichever is billed', () => {
    expect(priceWords(price({ hourly: '0.10' }))).toMatchObject({
      main: '0.10 EUR an hour',
      beside: 'about 73.00 EUR a month',
      once: '',
    })
    expect(priceWords(price({ monthly: '73', setup: '39.00' }))).toMatchObject({
      main: '0.10 EUR an hour',
      beside: '73.00 EUR a month',
      once: '39.00 EUR once',
    })
  })

  it('is the cheapest of several, whether told by the hour or by the month', () => {
    const offers = [
      { price: price({ hourly: '0.2' }) },
      { price: null },
      { price: price({ monthly: '73' }) },
    ]
    expect(cheapest(offers)?.monthly).toBe('73')
    expect(cheapest([{ price: null }])).toBeNull()
  })

  it('is never made up', () => {
    expect(priceWords(null).main).toBe('price not told')
    expect(priceWords(price({})).main).toBe('price not told')
  })
})

it('servers are summed for each currency, and one without a price is told, not left out', () => {
  const { sums, unknown } = sumsOf([
    price({ hourly: '0.1' }),
    price({ hourly: '0.2' }),
    price({ currency: 'USD', monthly: '730' }),
    null,
  ])
  expect(sums).toEqual([
    { currency: 'EUR', hour: '0.30', month: '219.00', servers: 2 },
    { currency: 'USD', hour: '1.00', month: '730.00', servers: 1 },
  ])
  expect(unknown).toBe(1)
})
