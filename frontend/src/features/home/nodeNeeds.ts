import type { TalosNode, Work } from '@/api/types'
import { driftLine } from '@/composables/nodeStates'
import { workTitle } from '@/composables/works'
import type { Need } from './needs'
import type { Group } from './queries'

const SHOWN = 5

function nodes(total: number): string {
  return total === 1 ? '1 node' : `${total} nodes`
}

function groupOf(found: readonly TalosNode[]): Group {
  const machines = found.slice(0, SHOWN).map((node) => ({
    id: node.device_id,
    name: node.hostname ?? `machine ${node.device_id}`,
    mac: null,
    state: 'running' as const,
    since: node.since,
  }))
  return { total: found.length, machines }
}

function leadOf(found: readonly TalosNode[]): string {
  const [first] = found
  if (found.length === 1 && first) return `/machines/${first.device_id}?tab=node`
  return first?.cluster ? `/clusters/${first.cluster}?tab=members` : '/machines'
}

/** Works that stopped: each waits for its person, with its own reason. */
export function workNeeds(works: readonly Work[]): Need[] {
  return works
    .filter((work) => work.state === 'stopped')
    .map((work) => ({
      key: `work-${work.id}`,
      tone: 'bad',
      shape: 'triangle',
      title: `${workTitle(work)} of ${work.cluster} stopped`,
      why: work.said || 'It stopped without a reason.',
      action: { label: 'Look', to: `/clusters/${work.cluster}` },
    }))
}

/** Nodes that cannot be talked to, and nodes that run something else than intended. */
export function nodeNeeds(all: readonly TalosNode[]): Need[] {
  const lost = all.filter((node) => node.trouble !== null || node.state === 'unreachable')
  const drifted = all.filter((node) => node.drift.length > 0)
  const needs: Need[] = []
  const [silent] = lost
  if (silent) {
    needs.push({
      key: 'nodes-lost',
      tone: 'bad',
      shape: 'cross',
      title: `${nodes(lost.length)} that cannot be talked to`,
      why: silent.trouble?.message ?? 'The Talos API does not answer.',
      group: groupOf(lost),
      action: { label: 'Look', to: leadOf(lost) },
    })
  }
  const [odd] = drifted
  if (odd) {
    needs.push({
      key: 'nodes-drifted',
      tone: 'info',
      shape: 'half',
      title: `${nodes(drifted.length)} not as intended`,
      why: odd.drift.map(driftLine).join('; '),
      group: groupOf(drifted),
      action: { label: 'See the difference', to: leadOf(drifted) },
    })
  }
  return needs
}
