import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, ok } from '@/api/client'
import type { Verdict } from '@/api/types'

/** Whose patches: `cluster`, a role, or `device:4`. */
export interface Scope {
  cluster: string
  place: string
}

function deviceOf(scope: Scope): number | null {
  const match = /^device:(\d+)$/.exec(scope.place)
  return match ? Number(match[1]) : null
}

function roleOf(scope: Scope): 'cluster' | 'controlplane' | 'worker' {
  return scope.place === 'controlplane' || scope.place === 'worker' ? scope.place : 'cluster'
}

const OF_CLUSTER = '/api/v1/clusters/{key}/patches/{scope}'
const OF_MACHINE = '/api/v1/clusters/devices/{device_id}/patches'

async function read(scope: Scope, signal: AbortSignal): Promise<string[]> {
  const device_id = deviceOf(scope)
  if (device_id !== null)
    return ok(api.GET(OF_MACHINE, { params: { path: { device_id } }, signal }))
  const path = { key: scope.cluster }
  const all = await ok(api.GET('/api/v1/clusters/{key}/patches', { params: { path }, signal }))
  return all[roleOf(scope)] ?? []
}

/** The patches of a scope, as they were written. */
export function usePatches(scope: MaybeRefOrGetter<Scope>, enabled: () => boolean) {
  return useQuery({
    queryKey: ['clusters', 'patches', computed(() => toValue(scope))],
    queryFn: ({ signal }) => read(toValue(scope), signal),
    enabled,
  })
}

/** What the server would say to these patches; asked again whenever they change. */
export function usePatchVerdict(
  scope: MaybeRefOrGetter<Scope>,
  patches: MaybeRefOrGetter<readonly string[]>,
) {
  return useQuery({
    queryKey: [
      'clusters',
      'verdict',
      computed(() => toValue(scope)),
      computed(() => toValue(patches)),
    ],
    queryFn: ({ signal }): Promise<Verdict> => {
      const now = toValue(scope)
      const body = { patches: [...toValue(patches)] }
      const device_id = deviceOf(now)
      if (device_id !== null) {
        const params = { path: { device_id } }
        return ok(api.POST(`${OF_MACHINE}/check`, { params, body, signal }))
      }
      const params = { path: { key: now.cluster, scope: roleOf(now) } }
      return ok(api.POST(`${OF_CLUSTER}/check`, { params, body, signal }))
    },
    enabled: () => toValue(patches).length > 0 && toValue(patches).every((one) => one.trim()),
    gcTime: 0, // patches may hold passwords
    retry: false,
  })
}

/** Put patches in place of those there were. */
export function usePutPatches() {
  const client = useQueryClient()
  return async (scope: Scope, patches: readonly string[]): Promise<void> => {
    const body = { patches: [...patches] }
    const device_id = deviceOf(scope)
    if (device_id !== null) await ok(api.PUT(OF_MACHINE, { params: { path: { device_id } }, body }))
    else {
      const path = { key: scope.cluster, scope: roleOf(scope) }
      await ok(api.PUT(OF_CLUSTER, { params: { path }, body }))
    }
    await client.invalidateQueries({ queryKey: ['clusters'] })
  }
}
