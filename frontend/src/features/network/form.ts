import type { Lan, LanInterface, LanSettings } from '@/api/types'

/** The LAN's settings as a form holds them: lists as text, every field always there. */
export interface LanForm {
  interface: string
  server_address: string
  subnet: string
  mode: 'proxy' | 'full'
  range_start: string
  range_end: string
  lease_time: string
  gateway: string
  dns: string
  ntp: string
  domain: string
  vlan_note: string
  uefi_loader: 'ipxe' | 'snponly'
}

export function blankLan(): LanForm {
  return {
    interface: '',
    server_address: '',
    subnet: '',
    mode: 'proxy',
    range_start: '',
    range_end: '',
    lease_time: '12h',
    gateway: '',
    dns: '',
    ntp: '',
    domain: '',
    vlan_note: '',
    uefi_loader: 'ipxe',
  }
}

export function fromLan(lan: Lan): LanForm {
  return {
    interface: lan.interface,
    server_address: lan.server_address,
    subnet: lan.subnet,
    mode: lan.mode,
    range_start: lan.range_start ?? '',
    range_end: lan.range_end ?? '',
    lease_time: lan.lease_time,
    gateway: lan.gateway ?? '',
    dns: lan.dns.join(', '),
    ntp: lan.ntp.join(', '),
    domain: lan.domain,
    vlan_note: lan.vlan_note,
    uefi_loader: lan.uefi_loader,
  }
}

function words(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean)
}

/** A form as the server takes it. What only full mode means stays, for whoever switches back. */
export function toLan(form: LanForm, enabled: boolean): LanSettings {
  return {
    enabled,
    interface: form.interface.trim(),
    server_address: form.server_address.trim(),
    subnet: form.subnet.trim(),
    mode: form.mode,
    range_start: form.range_start.trim() || null,
    range_end: form.range_end.trim() || null,
    lease_time: form.lease_time.trim() || '12h',
    gateway: form.gateway.trim() || null,
    dns: words(form.dns),
    ntp: words(form.ntp),
    domain: form.domain.trim(),
    vlan_note: form.vlan_note.trim(),
    uefi_loader: form.uefi_loader,
  }
}

const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/
const CIDR = /^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/

/** Whether there is enough to ask the server about: half an address is no question yet. */
export function isComplete(form: LanForm): boolean {
  const range = [form.range_start.trim(), form.range_end.trim()]
  const needed = [form.server_address.trim(), ...(form.mode === 'full' ? range : [])]
  const optional = [...range, form.gateway.trim(), ...words(form.dns), ...words(form.ntp)]
  return (
    form.interface.trim() !== '' &&
    CIDR.test(form.subnet.trim()) &&
    needed.every((text) => IPV4.test(text)) &&
    optional.every((text) => !text || IPV4.test(text))
  )
}

/** `192.0.2.10/24` -> the address, and the network it is in. */
export function networkOf(address: string): { address: string; subnet: string } | null {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(address)
  if (!match) return null
  const [a = 0, b = 0, c = 0, d = 0, bits = 0] = match.slice(1).map(Number)
  if (bits > 32 || [a, b, c, d].some((part) => part > 255)) return null
  const whole = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
  const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0
  const net = (whole & mask) >>> 0
  const parts = [24, 16, 8, 0].map((shift) => (net >>> shift) & 255)
  return { address: `${a}.${b}.${c}.${d}`, subnet: `${parts.join('.')}/${bits}` }
}

/** Choosing an interface fills in what it says of itself; what somebody typed stays. */
export function withInterface(form: LanForm, chosen: LanInterface): LanForm {
  const own = chosen.addresses.map(networkOf).find((one) => one !== null)
  const server_address = own?.address ?? form.server_address
  return { ...form, interface: chosen.name, server_address, subnet: own?.subnet ?? form.subnet }
}
