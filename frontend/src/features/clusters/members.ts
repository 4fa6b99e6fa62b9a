import type { Device, Member, MemberChange } from '@/api/types'

/** What people call a member: its hostname, else the card it boots from. */
export function memberName(member: Member): string {
  return member.hostname ?? member.boot_mac ?? `machine ${member.device_id}`
}

export interface MemberForm {
  role: 'controlplane' | 'worker' | ''
  address: string
  mac: string
  install_disk: string
}

export function blankMember(role: string | null = null): MemberForm {
  const known = role === 'controlplane' || role === 'worker' ? role : ''
  return { role: known, address: '', mac: '', install_disk: '' }
}

export function memberForm(member: Member): MemberForm {
  return {
    ...blankMember(member.role),
    address: member.address ?? '',
    mac: member.mac ?? '',
    install_disk: member.install_disk ?? '',
  }
}

/** A form as the server takes it; patches are left out, so they stay. */
export function memberChange(form: MemberForm): MemberChange {
  return {
    role: form.role || null,
    address: form.address.trim() || null,
    mac: form.mac.trim() || null,
    install_disk: form.install_disk.trim() || null,
  }
}

/** One line about a machine in a list to choose from. */
export function machineLine(device: Device): string {
  const make = [device.vendor, device.product].filter(Boolean).join(' ')
  return [device.hostname, make, device.macs[0], device.serial].filter(Boolean).join(' · ')
}
