import { expect, test } from 'vitest'
import type { RentedServer } from '@/api/types'
import { byNeed, matching } from './order'

const server = (name: string, what: Partial<RentedServer> = {}) =>
  ({
    name,
    stage: 'delivered',
    problem: '',
    pending: '',
    hostname: null,
    plan: 'c3-small',
    region: 'FRA',
    title: 'Latitude.sh',
    account: 'main',
    vendor_id: 'sv_1',
    addresses: ['203.0.113.7'],
    macs: [],
    ...what,
  }) as RentedServer

test('who needs a person stands first, and what is over last', () => {
  const all = [
    server('gone', { stage: 'gone', problem: 'an old one' }),
    server('fine'),
    server('token', { pending: 'give the token that was mailed' }),
    server('lost', { stage: 'unsure' }),
  ]
  expect(byNeed(all).map((one) => one.name)).toEqual(['token', 'lost', 'fine', 'gone'])
})

test('a server is found by anything that is shown of it', () => {
  const all = [server('w-1'), server('w-2', { region: 'NYC', addresses: ['203.0.113.8'] })]
  expect(matching(all, 'latitude nyc').map((one) => one.name)).toEqual(['w-2'])
  expect(matching(all, '113.7').map((one) => one.name)).toEqual(['w-1'])
  expect(matching(all, ' ')).toHaveLength(2)
})
