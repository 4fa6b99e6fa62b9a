import { useQuery } from '@tanstack/vue-query'
import { api, ok } from '@/api/client'

/** Every boot profile. */
export function useProfiles() {
  return useQuery({
    queryKey: ['profiles', 'list'],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/boot/profiles', { signal })),
  })
}
