import { useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, ok } from '@/api/client'
import type { RentedServer } from '@/api/types'

const PAGE = 200
const MOST = 2_000 // of a list that people look through

async function everyServer(signal: AbortSignal): Promise<RentedServer[]> {
  const found: RentedServer[] = []
  for (let offset = 0; offset < MOST; offset += PAGE) {
    const query = { limit: PAGE, offset }
    const { servers, total } = await ok(api.GET('/api/v1/servers', { params: { query }, signal }))
    found.push(...servers)
    if (servers.length === 0 || found.length >= total) break
  }
  return found
}

/** Every rented server, newest first: what they cost together is of all of them. */
export function useServers(wanted: MaybeRefOrGetter<boolean> = true) {
  return useQuery({
    queryKey: ['servers', 'list'],
    queryFn: ({ signal }) => everyServer(signal),
    enabled: () => toValue(wanted),
  })
}

/** One rented server. */
export function useServer(id: MaybeRefOrGetter<number>) {
  return useQuery({
    queryKey: ['servers', 'one', computed(() => toValue(id))],
    queryFn: ({ signal }) => {
      const path = { server_id: toValue(id) }
      return ok(api.GET('/api/v1/servers/{server_id}', { params: { path }, signal }))
    },
  })
}

/** The rented servers these machines are, by the server's number; nothing rented, nothing asked. */
export function useServersOf(machines: MaybeRefOrGetter<readonly { server_id?: number | null }[]>) {
  const { data } = useServers(() => toValue(machines).some((one) => one.server_id != null))
  return computed(() => new Map((data.value ?? []).map((server) => [server.id, server])))
}

/** Where a rented server stands: "Latitude.sh, fra". */
export function placeOf(server: Pick<RentedServer, 'title' | 'region' | 'regions'>): string {
  const region = server.region || server.regions.join(' or ')
  return [server.title, region].filter(Boolean).join(', ')
}
