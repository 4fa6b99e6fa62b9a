import { useMutation, useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, ok } from '@/api/client'
import type { components } from '@/api/schema'
import type { NodeOrder } from '@/api/types'
import { useRefreshNodes } from '@/composables/nodes'

export type ApplyMode = components['schemas']['ApplyConfig']['mode']
export type Removal = components['schemas']['RemoveMember']
export type Wipe = Removal['wipe']
type Id = MaybeRefOrGetter<number>

/** Talos' own services on a node; the node itself is asked. */
export function useServices(id: Id) {
  return useQuery({
    queryKey: ['nodes', 'services', computed(() => toValue(id))],
    queryFn: ({ signal }) => {
      const path = { device_id: toValue(id) }
      return ok(api.GET('/api/v1/nodes/{device_id}/services', { params: { path }, signal }))
    },
    retry: false,
  })
}

/** What would change on a running node. It tries it without doing it, so only when `wanted`. */
export function useConfigPlan(id: Id, wanted: MaybeRefOrGetter<boolean>) {
  return useQuery({
    queryKey: ['plans', computed(() => toValue(id))], // no event makes it old: a person asks again
    queryFn: ({ signal }) => {
      const path = { device_id: toValue(id) }
      return ok(api.GET('/api/v1/nodes/{device_id}/config-plan', { params: { path }, signal }))
    },
    enabled: () => toValue(wanted),
    retry: false,
    gcTime: 0,
  })
}

/** Restart a node, or switch it off. */
export function useOrder() {
  return useMutation({
    mutationFn: ({ id, body }: { id: number; body: NodeOrder }) => {
      const path = { device_id: id }
      return ok(api.POST('/api/v1/nodes/{device_id}/order', { params: { path }, body }))
    },
    onSettled: useRefreshNodes(),
  })
}

/** Give a running node the config it should have. */
export function useApplyConfig() {
  return useMutation({
    mutationFn: ({ cluster, id, mode }: { cluster: string; id: number; mode: ApplyMode }) => {
      const params = { path: { key: cluster } }
      const body = { device_ids: [id], mode }
      return ok(api.POST('/api/v1/clusters/{key}/apply-config', { params, body }))
    },
    onSettled: useRefreshNodes(),
  })
}

/** Take a node out of its cluster, and wipe it. */
export function useRemoveMember() {
  return useMutation({
    mutationFn: ({ cluster, ...body }: Removal & { cluster: string }) => {
      const params = { path: { key: cluster } }
      return ok(api.POST('/api/v1/clusters/{key}/remove-member', { params, body }))
    },
    onSettled: useRefreshNodes(),
  })
}
