import { useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, ok } from '@/api/client'
import type { Work, WorkStep } from '@/api/types'
import type { StateLook } from './machineStates'

/** What each kind of work is called: "Bring-up of prod". */
const KINDS: Record<Work['kind'], string> = {
  bring_up: 'Bring-up',
  upgrade_talos: 'Upgrade of Talos',
  upgrade_kubernetes: 'Upgrade of Kubernetes',
  apply_config: 'Giving out configs',
  remove_member: 'Removal of a node',
}

const LOOKS: Record<Work['state'], StateLook> = {
  running: { tone: 'moving', shape: 'arrow', label: 'Running', hint: 'It goes on by itself.' },
  stopped: {
    tone: 'bad',
    shape: 'triangle',
    label: 'Stopped',
    hint: 'A person has to look: try again, or abandon it.',
  },
  done: { tone: 'ok', shape: 'disc', label: 'Done', hint: 'Every step was seen to be true.' },
  abandoned: { tone: 'quiet', shape: 'cross', label: 'Abandoned', hint: 'A person ended it.' },
}

const STEPS: Record<WorkStep['state'], StateLook> = {
  todo: { tone: 'quiet', shape: 'ring', label: 'To do', hint: '' },
  doing: { tone: 'moving', shape: 'arrow', label: 'Under way', hint: '' },
  done: { tone: 'ok', shape: 'disc', label: 'Done', hint: '' },
  skipped: { tone: 'quiet', shape: 'dashes', label: 'Not needed', hint: '' },
  failed: { tone: 'bad', shape: 'triangle', label: 'Failed', hint: '' },
}

export const workLook = (work: Pick<Work, 'state'>): StateLook => LOOKS[work.state]
export const stepLook = (step: Pick<WorkStep, 'state'>): StateLook => STEPS[step.state]

/** What a work is, in an operator's words, with the version it is about. */
export function workTitle(work: Pick<Work, 'kind' | 'params'>): string {
  const version = work.params['version']
  return typeof version === 'string' ? `${KINDS[work.kind]} to ${version}` : KINDS[work.kind]
}

/** How far a work is: "3 of 7 steps". What is not needed counts as done. */
export function workProgress(work: Pick<Work, 'steps'>): string {
  const over = work.steps.filter((step) => step.state === 'done' || step.state === 'skipped')
  return `${over.length} of ${work.steps.length} steps`
}

/** Work that is not over: it runs, or it stopped and waits for a person. */
export function isOpen(work: Pick<Work, 'state'>): boolean {
  return work.state === 'running' || work.state === 'stopped'
}

/** Works of a cluster, the newest first. */
export function useWorks(cluster: MaybeRefOrGetter<string>, limit = 20) {
  return useQuery({
    queryKey: ['works', 'of', computed(() => toValue(cluster)), limit],
    queryFn: ({ signal }) => {
      const params = { path: { key: toValue(cluster) }, query: { limit } }
      return ok(api.GET('/api/v1/clusters/{key}/works', { params, signal }))
    },
  })
}

/** Works that are not over, of all clusters. Each has one at most, and it is its newest. */
export function useOpenWorks() {
  return useQuery({
    queryKey: ['works', 'open'],
    queryFn: async ({ signal }) => {
      const query = { limit: 50 }
      return (await ok(api.GET('/api/v1/works', { params: { query }, signal }))).filter(isOpen)
    },
  })
}
