import { useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, ok } from '@/api/client'

type Key = MaybeRefOrGetter<string>

/** One cluster, by name or number. */
export function useCluster(key: Key) {
  return useQuery({
    queryKey: ['clusters', 'one', computed(() => toValue(key))],
    queryFn: ({ signal }) => {
      const path = { key: toValue(key) }
      return ok(api.GET('/api/v1/clusters/{key}', { params: { path }, signal }))
    },
  })
}

/** The machines of a cluster. */
export function useMembers(key: Key) {
  return useQuery({
    queryKey: ['clusters', 'members', computed(() => toValue(key))],
    queryFn: ({ signal }) => {
      const params = { path: { key: toValue(key) }, query: { limit: 1000 } }
      return ok(api.GET('/api/v1/clusters/{key}/members', { params, signal }))
    },
  })
}

/** Every volume config of a cluster, of all places. */
export function useVolumes(key: Key) {
  return useQuery({
    queryKey: ['clusters', 'volumes', computed(() => toValue(key))],
    queryFn: ({ signal }) => {
      const query = { cluster: toValue(key) }
      return ok(api.GET('/api/v1/volume/configs', { params: { query }, signal }))
    },
  })
}

/** Every Talos a cluster may be of, the newest first. It comes with Ktizo, so it never ages. */
export function useReleases() {
  return useQuery({
    queryKey: ['talos', 'releases'],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/cluster/versions', { signal })),
    staleTime: Infinity,
  })
}

/** What the factory builds; it may be away, then this stays empty. */
export function useTalosVersions() {
  return useQuery({
    queryKey: ['factory', 'versions'],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/images/versions', { signal })),
    staleTime: 600_000,
    retry: false,
  })
}

export function useSchematics() {
  return useQuery({
    queryKey: ['images', 'schematics'],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/images/schematics', { signal })),
  })
}

/** Every document kind a Talos knows, with its fields. */
export function useDocuments(version: Key) {
  return useQuery({
    queryKey: ['talos', 'documents', computed(() => toValue(version))],
    queryFn: ({ signal }) => {
      const query = { talos_version: toValue(version) }
      return ok(api.GET('/api/v1/cluster/documents', { params: { query }, signal }))
    },
    staleTime: Infinity,
  })
}

/** What a machine was given, newest first. */
export function useHistory(deviceId: MaybeRefOrGetter<number>) {
  return useQuery({
    queryKey: ['clusters', 'history', computed(() => toValue(deviceId))],
    queryFn: ({ signal }) => {
      const path = { device_id: toValue(deviceId) }
      return ok(
        api.GET('/api/v1/clusters/devices/{device_id}/history', { params: { path }, signal }),
      )
    },
  })
}
