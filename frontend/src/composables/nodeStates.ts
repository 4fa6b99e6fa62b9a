import type { Drift, NodeState, TalosNode } from '@/api/types'
import type { StateLook } from './machineStates'

/** How each state of a node looks: what its own Talos API said, not what was sent to it. */
export const NODE_STATES: Record<NodeState, StateLook> = {
  maintenance: {
    tone: 'info',
    shape: 'dashes',
    label: 'Maintenance',
    hint: 'Talos runs from memory, without a config; nothing is installed by it.',
  },
  booting: {
    tone: 'moving',
    shape: 'arrow',
    label: 'Booting',
    hint: 'Talos is starting; its API answers.',
  },
  installing: {
    tone: 'moving',
    shape: 'arrow',
    label: 'Installing',
    hint: 'Talos writes itself to the install disk.',
  },
  running: {
    tone: 'ok',
    shape: 'disc',
    label: 'Running',
    hint: 'Talos runs from its disk; its API answered with the key of its cluster.',
  },
  rebooting: {
    tone: 'moving',
    shape: 'loop',
    label: 'Rebooting',
    hint: 'It was told to restart, or does so by itself.',
  },
  upgrading: {
    tone: 'moving',
    shape: 'half',
    label: 'Upgrading',
    hint: 'It brings another version of Talos to its disk.',
  },
  resetting: {
    tone: 'moving',
    shape: 'half',
    label: 'Resetting',
    hint: 'It leaves its cluster and wipes its disk.',
  },
  shutting_down: {
    tone: 'quiet',
    shape: 'square',
    label: 'Switching off',
    hint: 'It was told to switch off.',
  },
  unreachable: {
    tone: 'bad',
    shape: 'cross',
    label: 'Unreachable',
    hint: 'Its API does not answer, or not as it should.',
  },
  waiting: {
    tone: 'moving',
    shape: 'hourglass',
    label: 'Waiting',
    hint: 'It has its config and waits for its cluster to begin.',
  },
}

/** How a node looks; a state of a newer server is shown as it is. */
export function nodeState(node: Pick<TalosNode, 'state'>): StateLook {
  const known: Partial<Record<string, StateLook>> = NODE_STATES
  const label = node.state.replaceAll('_', ' ')
  return known[node.state] ?? { tone: 'quiet', shape: 'dashes', label, hint: '' }
}

const DRIFTS: Record<Drift['what'], string> = {
  talos_version: 'Talos',
  schematic: 'Schematic',
  config: 'Config',
  kubernetes_version: 'Kubernetes',
}

/** Checksums are long; the first letters tell two apart. */
function brief(value: string): string {
  return /^[0-9a-f]{40,}$/.test(value) ? `${value.slice(0, 12)}…` : value || 'none'
}

/** What is different on a node: "Talos v1.12.1 where v1.12.11 is intended". */
export function driftLine({ what, intended, found }: Drift): string {
  return `${DRIFTS[what] ?? what} ${brief(found)} where ${brief(intended)} is intended`
}
