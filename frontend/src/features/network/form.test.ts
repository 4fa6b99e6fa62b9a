import { describe, expect, it } from 'vitest'
import type { Lan } from '@/api/types'
import { blankLan, fromLan, isComplete, networkOf, toLan, withInterface } from './form'

const LAN: Lan = {
  enabled: true,
  interface: 'eth0',
  server_address: '192.168.1.10',
  subnet: '192.168.1.0/24',
  mode: 'full',
  range_start: '192.168.1.100',
  range_end: '192.168.1.199',
  lease_time: '30m',
  gateway: '192.168.1.1',
  dns: ['192.168.1.1', '9.9.9.9'],
  ntp: [],
  domain: 'lab.example',
  vlan_note: 'VLAN 20',
  uefi_loader: 'snponly',
}

it('comes back from the form as it went in', () => {
  expect(toLan(fromLan(LAN), true)).toEqual(LAN)
})

it('leaves out what is empty', () => {
  expect(toLan(blankLan(), false)).toMatchObject({
    enabled: false,
    range_start: null,
    gateway: null,
    dns: [],
    lease_time: '12h',
  })
  expect(isComplete(blankLan())).toBe(false)
  expect(isComplete(fromLan(LAN))).toBe(true)
})

describe('networkOf', () => {
  it.each([
    ['192.168.1.10/24', '192.168.1.0/24'],
    ['10.77.3.4/20', '10.77.0.0/20'],
    ['200.1.2.3/30', '200.1.2.0/30'],
  ])('%s is in %s', (address, subnet) => expect(networkOf(address)?.subnet).toBe(subnet))

  it.each(['fe80::1/64', '192.168.1.10', '300.1.1.1/24'])('%s is none', (text) => {
    expect(networkOf(text)).toBeNull()
  })
})

it('fills in what an interface says of itself', () => {
  const chosen = { name: 'eth1', mac: null, up: true, addresses: ['10.0.0.2/16'] }
  expect(withInterface(blankLan(), chosen)).toMatchObject({
    interface: 'eth1',
    server_address: '10.0.0.2',
    subnet: '10.0.0.0/16',
  })
  const bare = { ...chosen, addresses: [] }
  expect(withInterface(fromLan(LAN), bare)).toMatchObject({
    interface: 'eth1',
    server_address: '192.168.1.10',
  })
})

it('asks nothing about half an address', () => {
  const form = fromLan(LAN)
  expect(isComplete({ ...form, gateway: '192.168.' })).toBe(false)
  expect(isComplete({ ...form, range_end: '' })).toBe(false)
  expect(isComplete({ ...form, mode: 'proxy', range_start: '', range_end: '' })).toBe(true)
  expect(isComplete({ ...form, subnet: '192.168.1.0' })).toBe(false)
})
