import { expect, it } from 'vitest'
import type { ProviderAccount } from '@/api/types'
import { amountProblem, limitsOf, limitWords, sentLimits } from './limits'

const account = (what: Partial<ProviderAccount>) =>
  ({ max_hourly: null, max_setup: '0', currency: 'EUR', ...what }) as ProviderAccount

it('no maximum means that nothing may be ordered, and says so', () => {
  expect(limitWords(account({}))).toContain('Nothing may be ordered')
  expect(sentLimits(limitsOf(account({})))).toEqual({
    max_hourly: null,
    max_setup: '0',
    currency: 'EUR',
  })
})

it('limits come back from the form as they went in', () => {
  const kept = account({ max_hourly: '0.5', max_setup: '39.00', currency: 'USD' })
  expect(sentLimits(limitsOf(kept))).toEqual({
    max_hourly: '0.5',
    max_setup: '39.00',
    currency: 'USD',
  })
  expect(limitWords(kept)).toBe('Up to 0.50 USD an hour for a server, up to 39.00 USD once.')
})

it('a comma is taken for a point, and a word for no amount', () => {
  expect(sentLimits({ max_hourly: ' 0,50 ', max_setup: '', currency: 'eur' })).toEqual({
    max_hourly: '0.50',
    max_setup: '0',
    currency: 'EUR',
  })
  expect(amountProblem('0,5')).toBe('')
  expect(amountProblem('cheap')).toContain('Not an amount')
})
