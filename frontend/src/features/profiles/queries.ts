import { useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, ok } from '@/api/client'

type Key = MaybeRefOrGetter<string>

export function useKinds() {
  return useQuery({
    queryKey: ['profile-kinds'],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/boot/profiles/kinds', { signal })),
    staleTime: Infinity, // they come with Ktizo
  })
}

export function useProfile(key: Key) {
  return useQuery({
    queryKey: ['profiles', 'one', computed(() => toValue(key))],
    queryFn: ({ signal }) => {
      const path = { key: toValue(key) }
      return ok(api.GET('/api/v1/boot/profiles/{key}', { params: { path }, signal }))
    },
  })
}

export function useAssets(key: Key) {
  return useQuery({
    queryKey: ['profiles', 'assets', computed(() => toValue(key))],
    queryFn: ({ signal }) => {
      const path = { key: toValue(key) }
      return ok(api.GET('/api/v1/boot/profiles/{key}/assets', { params: { path }, signal }))
    },
  })
}

export function useAssignments(profile: Key) {
  return useQuery({
    queryKey: ['profiles', 'assignments', computed(() => toValue(profile))],
    queryFn: ({ signal }) => {
      const query = { profile: toValue(profile) }
      return ok(api.GET('/api/v1/boot/assignments', { params: { query }, signal }))
    },
  })
}
