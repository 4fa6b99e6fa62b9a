import type { StateLook } from '@/composables/machineStates'
import type { Group, Overview } from './queries'

export interface Need {
  key: string
  tone: StateLook['tone']
  shape: StateLook['shape']
  title: string
  why: string
  /** The first few machines it is about, and how many there are in all. */
  group?: Group
  action: { label: string; to: string }
}

function machines(total: number): string {
  return total === 1 ? '1 machine' : `${total} machines`
}

function these(group: Group, all: string): string {
  const [only] = group.machines
  return group.total === 1 && only ? `/machines/${only.id}` : all
}

function appliance({ history, lan, mirror }: Overview): Need[] {
  const needs: Need[] = []
  if (!history.healthy) {
    needs.push({
      key: 'history',
      tone: 'bad',
      shape: 'cross',
      title: 'History cannot be written',
      why: `${history.last_error || 'the database does not answer'}. Until it can, nothing is installed.`,
      action: { label: 'See the state', to: '/settings?tab=about' },
    })
  }
  if (lan.enabled && (!lan.running || lan.last_error)) {
    needs.push({
      key: 'lan',
      tone: 'bad',
      shape: 'cross',
      title: lan.running ? 'The LAN service had a problem' : 'The LAN service does not run',
      why: lan.last_error ?? 'It is switched on, and dnsmasq is not there.',
      action: { label: 'Open Network', to: '/network' },
    })
  }
  if (mirror.failed.length > 0) {
    const [first] = mirror.failed
    needs.push({
      key: 'mirror',
      tone: 'bad',
      shape: 'triangle',
      title: `${mirror.failed.length} boot ${mirror.failed.length === 1 ? 'file' : 'files'} could not be brought`,
      why: `${first?.name}: ${first?.problem ?? 'given up'}`,
      action: { label: 'Open Images', to: '/images' },
    })
  }
  return needs
}

function fleet(overview: Overview): Need[] {
  const { contested, boot_loops, lapsed, pending, drifted } = overview
  const every: Need[] = [
    {
      key: 'contested',
      tone: 'bad',
      shape: 'triangle',
      title: `${machines(contested.total)} with a contested identity`,
      why: 'Two claim to be one, or one has changed. They boot from disk until you decide.',
      group: contested,
      action: { label: 'Resolve', to: these(contested, '/machines?state=conflict') },
    },
    {
      key: 'boot_loops',
      tone: 'bad',
      shape: 'loop',
      title: `${machines(boot_loops.total)} in a boot loop`,
      why: 'The installer was given out again and again without progress. Held on their disks.',
      group: boot_loops,
      action: { label: 'Look', to: these(boot_loops, '/machines?state=boot_loop') },
    },
    {
      key: 'pending',
      tone: 'moving',
      shape: 'ring',
      title: `${machines(pending.total)} waiting for approval`,
      why: 'Seen on the network. They boot from their own disks until you decide.',
      group: pending,
      action: { label: 'Decide', to: '/machines/pending' },
    },
    {
      key: 'lapsed',
      tone: 'bad',
      shape: 'hourglass',
      title: `${machines(lapsed.total)} whose permission ran out`,
      why: 'They were approved and proved nothing in time. Approve them again.',
      group: lapsed,
      action: { label: 'Approve again', to: these(lapsed, '/machines?state=lapsed') },
    },
    {
      key: 'drifted',
      tone: 'info',
      shape: 'half',
      title: `${machines(drifted.total)} with an older config`,
      why: 'Their cluster would give them another config today than the one they were last given.',
      group: drifted,
      action: { label: 'See the difference', to: these(drifted, '/clusters') },
    },
  ]
  return every.filter((need) => (need.group?.total ?? 0) > 0)
}

/** What needs a person, worst first: what keeps everything from working, then machines. */
export function needsOf(overview: Overview): Need[] {
  return [...appliance(overview), ...fleet(overview)]
}

export interface FirstStep {
  key: string
  title: string
  done: boolean
  text: string
  action: { label: string; to: string }
}

/** What a new appliance still needs, in order; the first that is not done is the next. */
export function firstSteps(overview: Overview): FirstStep[] {
  const seen = Object.values(overview.by_state).reduce((sum, number) => sum + number, 0)
  return [
    {
      key: 'lan',
      title: 'Turn on the LAN service',
      done: overview.lan.enabled && overview.lan.running,
      text: 'Your DHCP server keeps giving addresses; Ktizo adds only where the loader is.',
      action: { label: 'Open Network', to: '/network' },
    },
    {
      key: 'images',
      title: 'Bring boot images',
      done: overview.mirror.stored > 0,
      text: 'Kernel and initramfs of a Talos release, mirrored here so that machines need no internet.',
      action: { label: 'Open Images', to: '/images' },
    },
    {
      key: 'cluster',
      title: 'Make a cluster',
      done: overview.clusters > 0,
      text: 'Its name and endpoint are enough; secrets are made and sealed.',
      action: { label: 'Open Clusters', to: '/clusters' },
    },
    {
      key: 'machine',
      title: 'Switch on a machine',
      done: seen > 0,
      text: 'Let it boot from the network. It appears here, boots from its own disk, and waits for you.',
      action: { label: 'Open Pending', to: '/machines/pending' },
    },
  ]
}
