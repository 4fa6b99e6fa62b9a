import { useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, ok } from '@/api/client'

/** Every cluster; there are few. */
export function useClusters() {
  return useQuery({
    queryKey: ['clusters', 'list'],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/clusters', { signal })),
  })
}

/** Which cluster each of these machines belongs to, by machine. */
export function usePlaces(ids: MaybeRefOrGetter<readonly number[]>) {
  const asked = computed(() => [...toValue(ids)].sort((a, b) => a - b))
  const { data } = useQuery({
    queryKey: ['clusters', 'places', asked],
    queryFn: ({ signal }) => {
      const query = { id: asked.value }
      return ok(api.GET('/api/v1/clusters/devices/places', { params: { query }, signal }))
    },
    enabled: () => asked.value.length > 0,
  })
  return computed(() => new Map((data.value ?? []).map((place) => [place.device_id, place])))
}
