import { expect, test } from 'vitest'
import type { RentedServer } from '@/api/types'
import { possible, wayOfEnding } from './possible'

const server = (what: Partial<RentedServer>) =>
  ({
    stage: 'delivered',
    vendor_id: 'sv_1',
    title: 'Vultr',
    capabilities: ['ipxe_reinstall', 'delete_immediate'],
    ...what,
  }) as RentedServer

test('what is there can be reinstalled and given back, not ordered again or forgotten', () => {
  expect(possible(server({}))).toEqual({
    refresh: '',
    power: '',
    reinstall: '',
    giveBack: '',
    orderAgain: null,
    forget: null,
  })
})

test('a provider that cannot reinstall says the way out', () => {
  expect(possible(server({ capabilities: ['delete_immediate'] })).reinstall).toBe(
    'Vultr cannot reinstall a server for Ktizo: give it back and order another.',
  )
})

test.each(['needs_ssh_rescue', 'image_reinstall'])('%s is a way to reinstall', (capability) => {
  expect(possible(server({ capabilities: [capability] })).reinstall).toBe('')
})

test('where nobody knows whether it was ordered, nothing can be lost, only looked for', () => {
  const can = possible(server({ stage: 'unsure', vendor_id: null }))
  expect(can.orderAgain).toBe('')
  expect(can.forget).toBeNull()
  expect(can.giveBack).toContain('no number yet')
})

test('what is over is only forgotten', () => {
  expect(possible(server({ stage: 'gone' }))).toMatchObject({
    refresh: null,
    reinstall: null,
    giveBack: null,
    forget: '',
  })
})

test('what is being given back may still need its token', () => {
  const can = possible(server({ stage: 'ending' }))
  expect(can.giveBack).toBe('')
  expect(can.reinstall).toContain('given back already')
})

test('giving back says what it does to the bill', () => {
  expect(wayOfEnding(server({}))).toContain('ends at once')
  expect(wayOfEnding(server({ capabilities: [] }))).toContain('does not end it at once')
})
