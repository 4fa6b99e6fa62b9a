import { expect, test } from 'vitest'
import type { RentedServer } from '@/api/types'
import { serverNeeds } from './serverNeeds'

const server = (id: number, what: Partial<RentedServer>) =>
  ({
    id,
    name: `w-${id}`,
    stage: 'delivered',
    title: 'OVHcloud',
    region: 'gra',
    regions: ['gra'],
    problem: '',
    pending: '',
    ...what,
  }) as RentedServer

test('servers that are well, or over, need nobody', () => {
  const over = server(2, { stage: 'refused', problem: 'sold out' })
  expect(serverNeeds([server(1, {}), over])).toEqual([])
})

test('an order nobody knows of, a failure and a mailed token each need somebody', () => {
  const needs = serverNeeds([
    server(1, { stage: 'unsure' }),
    server(2, { stage: 'failed', problem: 'no such image' }),
    server(3, { pending: 'give the token that was mailed' }),
  ])
  expect(needs.map((need) => need.title)).toEqual([
    'Server w-1 may have been ordered: nobody knows',
    'Server w-2 failed at its provider',
    'Server w-3 waits for you',
  ])
  expect(needs[1]?.why).toBe('OVHcloud, gra: no such image')
  expect(needs[2]?.action.to).toBe('/servers/3')
})
