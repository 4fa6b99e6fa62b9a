import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, ok } from '@/api/client'
import type { components } from '@/api/schema'
import type { Work } from '@/api/types'

type Schemas = components['schemas']
type Key = MaybeRefOrGetter<string>

/** What may be asked of a cluster, each with its body. */
export type Ask =
  | { kind: 'bring_up'; body: Schemas['BringUp'] }
  | { kind: 'upgrade_talos'; body: Schemas['UpgradeTalos'] }
  | { kind: 'upgrade_kubernetes'; body: Schemas['UpgradeKubernetes'] }
  | { kind: 'apply_config'; body: Schemas['ApplyConfig'] }

function begin(key: string, ask: Ask): Promise<Work> {
  const params = { path: { key } }
  if (ask.kind === 'bring_up')
    return ok(api.POST('/api/v1/clusters/{key}/bring-up', { params, body: ask.body }))
  if (ask.kind === 'upgrade_talos')
    return ok(api.POST('/api/v1/clusters/{key}/upgrade-talos', { params, body: ask.body }))
  if (ask.kind === 'upgrade_kubernetes')
    return ok(api.POST('/api/v1/clusters/{key}/upgrade-kubernetes', { params, body: ask.body }))
  return ok(api.POST('/api/v1/clusters/{key}/apply-config', { params, body: ask.body }))
}

function useRefresh() {
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: ['works'] })
}

/** Begin work on a cluster; refused while other work on it is open. */
export function useBegin(key: Key) {
  return useMutation({
    mutationFn: (ask: Ask) => begin(toValue(key), ask),
    onSettled: useRefresh(),
  })
}

/** Go on with a work that stopped, or end it as it is. */
export function useDecideWork() {
  return useMutation({
    mutationFn: ({ id, verb }: { id: number; verb: 'retry' | 'abandon' }) => {
      const params = { path: { work_id: id } }
      return verb === 'retry'
        ? ok(api.POST('/api/v1/works/{work_id}/retry', { params }))
        : ok(api.POST('/api/v1/works/{work_id}/abandon', { params }))
    },
    onSettled: useRefresh(),
  })
}

/** How a cluster is. Its nodes are asked, so not at every event of a booting fleet; and no event
 * tells of an etcd that lost a member. */
export function useHealth(key: Key) {
  return useQuery({
    queryKey: ['works', 'health', computed(() => toValue(key))],
    queryFn: ({ signal }) => {
      const params = { path: { key: toValue(key) } }
      return ok(api.GET('/api/v1/clusters/{key}/health', { params, signal }))
    },
    refetchInterval: 30_000,
    retry: false,
  })
}
