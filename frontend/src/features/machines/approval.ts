import type { Approve, Device } from '@/api/types'

/** What the approve form holds; '' means "not said", which leaves the server's default. */
export interface Approval {
  role: '' | 'controlplane' | 'worker'
  cluster: string
  hostname: string
  install_disk: string
  profile: string
}

export function emptyApproval(): Approval {
  return { role: '', cluster: '', hostname: '', install_disk: '', profile: '' }
}

/** Start from what is known of the machine already. */
export function approvalOf(machine: Device, cluster = ''): Approval {
  const role = machine.role === 'controlplane' || machine.role === 'worker' ? machine.role : ''
  return { ...emptyApproval(), role, hostname: machine.hostname ?? '', cluster }
}

/** The request body: only what was said. A disk without a cluster has no owner and is left out. */
export function approveBody(wanted: Approval): Approve {
  const said = Object.entries(wanted)
    .map(([field, value]) => [field, value.trim()] as const)
    .filter(([field, value]) => value && (field !== 'install_disk' || wanted.cluster))
  return Object.fromEntries(said)
}

const NEEDS_QUOTES = /[^\w./:@=-]/

function quoted(value: string): string {
  return NEEDS_QUOTES.test(value) ? `'${value.replaceAll("'", `'\\''`)}'` : value
}

const FLAGS = {
  role: '--role',
  profile: '--profile',
  hostname: '--hostname',
  cluster: '--cluster',
  install_disk: '--install-disk',
} as const

/** The same approval as a command. */
export function approveCommand(machine: Device, body: Approve): string {
  const which = machine.hostname ?? machine.macs[0] ?? String(machine.id)
  const flags = (Object.keys(FLAGS) as (keyof typeof FLAGS)[]).flatMap((field) => {
    const value = body[field]
    return value ? [FLAGS[field], quoted(value)] : []
  })
  return ['ktizo devices approve', quoted(which), ...flags].join(' ')
}
