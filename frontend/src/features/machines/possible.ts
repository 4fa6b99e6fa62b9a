import type { Device, DeviceState } from '@/api/types'

export interface Possible {
  approve: boolean
  reject: boolean
  restore: boolean
  reinstall: boolean
  ran: boolean
}

// The moves of devices/lifecycle.py. The server decides; this only hides what it would refuse.
const APPROVE: DeviceState[] = [
  'registered',
  'pending',
  'lapsed',
  'approved',
  'installing',
  'boot_loop',
]
const REINSTALL: DeviceState[] = ['installed', 'running', 'lapsed', 'boot_loop']
const RAN: DeviceState[] = ['approved', 'installing', 'installed']

/** What can be done with a machine in `state`. */
export function possible(state: DeviceState): Possible {
  return {
    approve: APPROVE.includes(state),
    reject: state !== 'rejected',
    restore: state === 'rejected',
    reinstall: REINSTALL.includes(state),
    ran: RAN.includes(state),
  }
}

/** What must be typed before it is erased: what the server asks for too. */
export function confirmName(machine: Pick<Device, 'hostname' | 'macs' | 'id'>): string {
  return machine.hostname ?? machine.macs[0] ?? String(machine.id)
}
