import { ApiError } from '@/api/errors'

/** What to do when the LAN service does not start, beyond the server's own words. */
const WAYS: Record<string, string> = {
  port_taken:
    'DHCP (67), TFTP (69) and PXE (4011) can be held by one program at a time. Stop that one, often another dnsmasq, systemd-networkd or libvirt, then switch on again. Nothing was changed.',
  missing_privileges:
    'Run ktizo serve as root, or give it CAP_NET_ADMIN, CAP_NET_RAW and CAP_NET_BIND_SERVICE (in the compose file: cap_add). Nothing was changed.',
  dnsmasq_missing: 'Install dnsmasq (apt-get install dnsmasq-base), then switch on again.',
  dnsmasq_refused_config:
    'dnsmasq does not read the file these settings make; its words are above. What ran before runs on.',
  dnsmasq_did_not_start:
    'What ran before was started again, so machines are answered as they were.',
  lan_fault: 'The settings do not fit this box. What blocks is listed under "What would be sent".',
}

export function wayOut(error: unknown): string | null {
  return error instanceof ApiError ? (WAYS[error.code] ?? null) : null
}
