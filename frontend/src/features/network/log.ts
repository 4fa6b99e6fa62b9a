import type { EventKind, KtizoEvent } from '@/api/types'

/** What of the event stream is about DHCP, TFTP and the LAN service. */
export const KINDS = [
  'dhcp_seen',
  'dhcp_offer',
  'tftp_sent',
  'tftp_missing',
  'loader_sent',
  'lan_started',
  'lan_stopped',
  'lan_failed',
  'lan_changed',
] as const satisfies readonly EventKind[]

const WANTED = new Set<string>(KINDS)
export const MOST = 500

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/** What an event says, as one line. Its words come from the network: text, and nothing else. */
export function say(event: KtizoEvent): string {
  const data = event.data ?? {}
  const file = text(data['file'])
  const arch = text(data['arch'])
  switch (event.kind) {
    case 'dhcp_seen': {
      const who = text(data['user_class'])
      return `asked for an address${arch && `, architecture ${arch}`}${who && `, as ${who}`}`
    }
    case 'dhcp_offer':
      return `was offered ${file || 'a loader'}${arch && ` for architecture ${arch}`}`
    case 'tftp_sent':
      return `fetched ${file} by TFTP`
    case 'tftp_missing':
      return `asked TFTP for ${file}, which is not there`
    case 'loader_sent':
      return `fetched ${file} by HTTP`
    case 'lan_started':
      return `the LAN service started on ${text(data['interface'])} (${text(data['mode'])})`
    case 'lan_stopped':
      return 'the LAN service stopped'
    case 'lan_failed':
      return `the LAN service failed: ${text(data['message'])}`
    case 'lan_changed':
      return `the LAN settings were changed by ${text(data['by'])}`
    default:
      return event.kind
  }
}

/** The log with these events in it: oldest first, none twice, not longer than MOST. */
export function appended(
  log: readonly KtizoEvent[],
  events: readonly KtizoEvent[],
): readonly KtizoEvent[] {
  const known = new Set(log.map((event) => event.id))
  const fresh = events.filter((event) => WANTED.has(event.kind) && !known.has(event.id))
  if (fresh.length === 0) return log
  return [...log, ...fresh].sort((a, b) => a.id - b.id).slice(-MOST)
}

/** Those about one machine, by any part of its MAC in any spelling, or its address. */
export function about(log: readonly KtizoEvent[], typed: string): readonly KtizoEvent[] {
  const plain = typed.trim().toLowerCase()
  if (!plain) return log
  const hex = plain.replace(/[-:.]/g, '')
  return log.filter(
    (event) =>
      (event.mac?.replaceAll(':', '').includes(hex) ?? false) ||
      (event.address?.includes(plain) ?? false),
  )
}
