import type { DeviceState } from '@/api/types'

export interface StateLook {
  tone: 'ok' | 'moving' | 'bad' | 'info' | 'quiet'
  shape:
    | 'disc'
    | 'ring'
    | 'dashes'
    | 'square'
    | 'diamond'
    | 'triangle'
    | 'cross'
    | 'arrow'
    | 'loop'
    | 'hourglass'
    | 'half'
  label: string
  hint: string
}

/** How each state of a machine looks and what it means: `<StateBadge v-bind="machineState(s)" />`. */
export const MACHINE_STATES: Record<DeviceState, StateLook> = {
  registered: {
    tone: 'quiet',
    shape: 'dashes',
    label: 'Registered',
    hint: 'Entered by MAC; it has not been seen yet.',
  },
  pending: {
    tone: 'moving',
    shape: 'ring',
    label: 'Pending',
    hint: 'Seen on the network; nobody has decided. It boots from its own disk.',
  },
  approved: {
    tone: 'info',
    shape: 'diamond',
    label: 'Approved',
    hint: 'Its next network boot gets the installer.',
  },
  installing: {
    tone: 'moving',
    shape: 'arrow',
    label: 'Installing',
    hint: 'The installer was sent; what became of it only the machine can say.',
  },
  installed: {
    tone: 'ok',
    shape: 'square',
    label: 'Installed',
    hint: 'Its installer said that it finished. It boots from its own disk.',
  },
  running: {
    tone: 'ok',
    shape: 'disc',
    label: 'Running',
    hint: 'Its own system answered. It boots from its own disk.',
  },
  lapsed: {
    tone: 'bad',
    shape: 'hourglass',
    label: 'Lapsed',
    hint: 'Its permission ran out before it proved anything. Approve it again.',
  },
  boot_loop: {
    tone: 'bad',
    shape: 'loop',
    label: 'Boot loop',
    hint: 'It asked again and again without progress and is held on its own disk.',
  },
  conflict: {
    tone: 'bad',
    shape: 'triangle',
    label: 'Conflict',
    hint: 'Another machine claims to be this one, or this one changed. Resolve it first.',
  },
  rejected: {
    tone: 'quiet',
    shape: 'cross',
    label: 'Rejected',
    hint: 'An operator said no. It boots from its own disk.',
  },
}

export function machineState(state: DeviceState): StateLook {
  return MACHINE_STATES[state]
}

/** What an operator calls the machine: hostname, else make and model, else its MAC. */
export function machineName(machine: {
  id: number
  hostname: string | null
  vendor: string | null
  product: string | null
  macs: string[]
}): string {
  const make = [machine.vendor, machine.product].filter(Boolean).join(' ')
  return machine.hostname ?? (make || machine.macs[0] || `machine ${machine.id}`)
}
