import { expect, it } from 'vitest'
import type { KtizoEvent } from '@/api/types'
import { about, appended, MOST, say } from './log'

const event = (id: number, kind = 'dhcp_seen', more: Partial<KtizoEvent> = {}): KtizoEvent => ({
  id,
  at: '2026-11-21T00:00:00Z',
  kind,
  count: 1,
  data: {},
  ...more,
})

it('keeps the order, nothing twice, and only what is about the LAN', () => {
  const log = appended([], [event(2), event(1)])
  const more = appended(log, [event(2), event(3, 'tftp_sent'), event(4, 'decided')])
  expect(more.map((one) => one.id)).toEqual([1, 2, 3])
  expect(appended(more, [event(3)])).toBe(more)
})

it('forgets the oldest', () => {
  const many = Array.from({ length: MOST + 5 }, (_, id) => event(id))
  expect(appended([], many)).toHaveLength(MOST)
})

it('finds a machine by any spelling of its MAC', () => {
  const log = [event(1, 'dhcp_seen', { mac: '52:54:00:aa:bb:cc' }), event(2)]
  expect(about(log, '52-54-00-AA')).toHaveLength(1)
  expect(about(log, 'aabb.cc')).toHaveLength(1)
  expect(about(log, '')).toBe(log)
})

it('says what happened, also when little is known', () => {
  const sent = event(1, 'tftp_sent', { data: { file: 'ipxe.efi' } })
  expect(say(sent)).toBe('fetched ipxe.efi by TFTP')
  expect(say(event(1, 'dhcp_seen', { data: { arch: 7, user_class: 'iPXE' } }))).toBe(
    'asked for an address, architecture 7, as iPXE',
  )
  expect(say(event(1, 'dhcp_offer'))).toBe('was offered a loader')
})
