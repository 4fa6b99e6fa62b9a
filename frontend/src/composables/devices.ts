import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, ok } from '@/api/client'
import type { operations } from '@/api/schema'

export type DeviceFilter = NonNullable<
  operations['list_devices_api_v1_devices_get']['parameters']['query']
>

/** A MAC in any spelling as the server stores it; other text as it is. */
export function searchText(typed: string): string {
  const text = typed.trim().slice(0, 100)
  const hex = text.replace(/[-:.]/g, '').toLowerCase()
  const isMac = /^[0-9a-f]{4,12}$/.test(hex) && /[-:.]/.test(text) && hex.length % 2 === 0
  return isMac ? (hex.match(/../g)?.join(':') ?? text) : text
}

/** One page of machines; the page before stays on screen until the new one is there. */
export function useDevices(filter: MaybeRefOrGetter<DeviceFilter>) {
  return useQuery({
    queryKey: ['devices', 'list', computed(() => toValue(filter))],
    queryFn: ({ signal }) =>
      ok(api.GET('/api/v1/devices', { params: { query: toValue(filter) }, signal })),
    placeholderData: keepPreviousData,
  })
}

/** One machine. */
export function useDevice(id: MaybeRefOrGetter<number>) {
  return useQuery({
    queryKey: ['devices', 'one', computed(() => toValue(id))],
    queryFn: ({ signal }) => {
      const path = { device_id: toValue(id) }
      return ok(api.GET('/api/v1/devices/{device_id}', { params: { path }, signal }))
    },
  })
}

/** Machines a person types for; nothing typed, nothing asked. */
export function useMachineSearch(text: MaybeRefOrGetter<string>) {
  return useQuery({
    queryKey: ['devices', 'search', computed(() => toValue(text).trim())],
    queryFn: ({ signal }) => {
      const query = { q: searchText(toValue(text)), limit: 8 }
      return ok(api.GET('/api/v1/devices', { params: { query }, signal }))
    },
    enabled: () => toValue(text).trim().length > 0,
  })
}

/** Machines per state. */
export function useDeviceCounts() {
  const { data } = useQuery({
    queryKey: ['devices', 'counts'],
    queryFn: ({ signal }) =>
      ok(api.GET('/api/v1/devices', { params: { query: { limit: 1 } }, signal })),
  })
  return computed(() => data.value?.by_state ?? {})
}

/** How many machines wait for a decision. */
export function usePendingCount() {
  const counts = useDeviceCounts()
  return computed(() => counts.value['pending'] ?? 0)
}

/** Forget what is known of machines; call it after every change. */
export function useRefreshDevices() {
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: ['devices'] })
}
