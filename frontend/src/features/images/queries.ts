import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, ok } from '@/api/client'
import type { MirrorFile } from '@/api/types'

export function useMirror() {
  return useQuery({
    queryKey: ['images', 'mirror'],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/images/mirror', { signal })),
  })
}

export function useSchematics() {
  return useQuery({
    queryKey: ['images', 'schematics'],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/images/schematics', { signal })),
  })
}

// What the factory offers is under a room of its own: our own events do not make it old.
const SLOW = { staleTime: 600_000, retry: false } as const

export function useVersions() {
  return useQuery({
    queryKey: ['factory', 'versions'],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/images/versions', { signal })),
    ...SLOW,
  })
}

export function useOffer(what: 'extensions' | 'overlays', version: MaybeRefOrGetter<string>) {
  const query = computed(() => ({ version: toValue(version) }))
  return useQuery({
    queryKey: ['factory', what, query],
    queryFn: ({ signal }) =>
      what === 'extensions'
        ? ok(api.GET('/api/v1/images/extensions', { params: { query: query.value }, signal }))
        : ok(api.GET('/api/v1/images/overlays', { params: { query: query.value }, signal })),
    enabled: () => /^v?\d+\.\d+\.\d+/.test(query.value.version),
    ...SLOW,
  })
}

/** Ask again for one file: what was given up is tried anew. */
export function useRetry() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (file: MirrorFile) =>
      ok(
        api.POST('/api/v1/images/mirror', {
          body: {
            schematic: file.schematic,
            version: file.version,
            arches: [file.arch],
            parts: [file.part],
            secureboot: file.secureboot,
            checksums: {},
          },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ['images'] }),
  })
}
