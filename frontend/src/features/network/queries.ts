import { useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, ok } from '@/api/client'
import type { LanSettings } from '@/api/types'

/** The LAN as it was decided; null before anybody has, and then nobody asks for it either. */
export function useLan() {
  const { data: status } = useLanStatus()
  return useQuery({
    queryKey: ['network', 'lan', computed(() => status.value?.set_up ?? null)],
    queryFn: ({ signal }) =>
      status.value?.set_up ? ok(api.GET('/api/v1/network/lan', { signal })) : null,
    enabled: () => status.value !== undefined,
  })
}

export function useLanStatus() {
  return useQuery({
    queryKey: ['network', 'status'],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/network/status', { signal })),
  })
}

export function useInterfaces() {
  return useQuery({
    queryKey: ['network', 'interfaces'],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/network/interfaces', { signal })),
  })
}

/** What these settings would do; nothing is changed by asking. */
export function useLanCheck(wish: MaybeRefOrGetter<LanSettings | null>) {
  return useQuery({
    queryKey: ['lan-check', computed(() => toValue(wish))],
    queryFn: ({ signal }) => {
      const body = toValue(wish)
      if (!body) throw new Error('nothing to check')
      return ok(api.POST('/api/v1/network/lan/check', { body, signal }))
    },
    enabled: () => toValue(wish) !== null,
    retry: false,
  })
}
