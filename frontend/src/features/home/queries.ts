import { useQuery } from '@tanstack/vue-query'
import { api, ok } from '@/api/client'
import type { components } from '@/api/schema'

export type Overview = components['schemas']['Overview']
export type Group = components['schemas']['Group']

/** What needs a person now, and how the appliance is. */
export function useOverview() {
  return useQuery({
    queryKey: ['home', 'overview'],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/overview', { signal })),
    // No event tells of a writer that recovers or a dnsmasq that comes back.
    refetchInterval: 60_000,
  })
}
