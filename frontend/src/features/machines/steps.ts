import type { Step, StepTimes } from '@/api/types'

const KINDS: Record<string, string> = {
  dhcp_seen: 'Asked for DHCP',
  dhcp_offer: 'Was told where its loader is',
  tftp_sent: 'Fetched its loader by TFTP',
  tftp_missing: 'Asked TFTP for a file we do not have',
  loader_sent: 'Fetched its loader by HTTP',
  device_seen: 'Seen for the first time',
  script_asked: 'Asked what to do',
  decided: 'Was told what to boot',
  kernel_sent: 'Fetched the kernel',
  initrd_sent: 'Fetched the initrd',
  file_sent: 'Fetched a file',
  config_sent: 'Fetched its config',
  config_refused: 'Was refused a config',
  done: 'Proved that it runs',
  node_stage: 'Says where it stands',
  node_step: 'Says what it does',
  node_error: 'Says that something went wrong',
  boot_loop: 'Held: boots without progress',
  registered: 'Registered',
  changed: 'Changed',
  approved: 'Approved',
  rejected: 'Rejected',
  restored: 'Restored',
  assigned: 'Given a boot profile',
  removed: 'Removed',
  lease_granted: 'May install',
  lease_spent: 'Permission used',
  lease_expired: 'Permission ran out',
  lease_revoked: 'Permission revoked',
  inspection_asked: 'May boot Talos in memory, to be looked at',
  inspection_ended: 'Looking inside ended',
  inspected: 'Was looked into',
  node_state: 'Its own API answered',
  node_trouble: 'Cannot be talked to as it should',
  node_drift: 'Runs something else than intended',
  handed_over: 'Was given its config through its API',
  disk_missing: 'Its install disk is not in it: held',
  node_order: 'Was told',
  server_arrived: 'Asked for the first time under its own boot path',
  conflict: 'Identity contested',
  conflict_resolved: 'Identity settled',
  cluster_changed: 'Place in its cluster changed',
}

/** A step in an operator's words; a kind of a newer server is shown as it is. */
export function stepTitle(kind: string): string {
  return KINDS[kind] ?? kind.replaceAll('_', ' ')
}

const TOLD =
  'action rule profile file role by reason cluster keep ' +
  // what a node says of itself, and what was done with it
  'stage sequence phase task what state version message order mode disk how build'

/** The few words of a step's data worth a line. */
export function stepDetail(step: Pick<Step, 'data' | 'count'>): string {
  const words = TOLD.split(' ')
    .map((name) => step.data[name])
    .filter((value) => typeof value === 'string' || typeof value === 'number')
    .map((value) => String(value).replaceAll('_', ' '))
  const fields = step.data['fields']
  if (Array.isArray(fields)) words.push(fields.join(', '))
  return [...words, ...(step.count > 1 ? [`${step.count} times`] : [])].join(' · ')
}

// The marks of events/analytics/facts.py: what the fleet's medians are measured between.
const MARKS: Record<string, StepTimes['step']> = {
  dhcp_offer: 'dhcp',
  tftp_sent: 'loader',
  loader_sent: 'loader',
  script_asked: 'script',
  decided: 'script',
  kernel_sent: 'kernel',
  initrd_sent: 'initrd',
  config_sent: 'config',
  done: 'done',
}

export type Pace = 'usual' | 'slow' | 'very-slow'

export interface Compared {
  since: string
  ms: number
  median_ms: number
  pace: Pace
}

function paceOf(ms: number, median_ms: number): Pace {
  if (ms < 500 || ms <= median_ms * 1.5) return 'usual' // small numbers are never slow
  return ms <= median_ms * 3 ? 'slow' : 'very-slow'
}

/** Compare a boot's steps with the fleet's medians, by step id. A mark counts once, like there. */
export function compared(
  steps: readonly Pick<Step, 'id' | 'at' | 'kind'>[],
  medians: readonly StepTimes[],
): Map<number, Compared> {
  const reached = new Map<string, number>()
  const found = new Map<number, Compared>()
  for (const step of steps) {
    const mark = MARKS[step.kind]
    if (!mark || reached.has(mark)) continue
    const at = Date.parse(step.at)
    const usual = medians.find((each) => each.step === mark && reached.has(each.since))
    const from = usual && reached.get(usual.since)
    if (usual && from !== undefined && usual.p50_ms !== null) {
      const ms = at - from
      const pace = paceOf(ms, usual.p50_ms)
      found.set(step.id, { since: usual.since, ms, median_ms: usual.p50_ms, pace })
    }
    reached.set(mark, at)
  }
  return found
}
