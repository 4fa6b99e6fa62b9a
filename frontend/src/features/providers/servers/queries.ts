import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, ok } from '@/api/client'
import type { PowerAction, RentedServer, Wish } from '@/api/types'

/** Forget what is known of servers, and of what they are to accounts and machines. */
export function useRefresh() {
  const client = useQueryClient()
  return () =>
    Promise.all(
      ['servers', 'accounts', 'devices', 'audit'].map((room) =>
        client.invalidateQueries({ queryKey: [room] }),
      ),
    )
}

const of = ({ id }: RentedServer) => ({ params: { path: { server_id: id } } })

/** Ask its provider how a server is, now. */
export function useAskServer() {
  return useMutation({
    mutationFn: (server: RentedServer) =>
      ok(api.POST('/api/v1/servers/{server_id}/refresh', of(server))),
    onSettled: useRefresh(),
  })
}

/** Switch a server. */
export function usePower() {
  return useMutation({
    mutationFn: ({ server, action }: { server: RentedServer; action: PowerAction }) =>
      ok(api.POST('/api/v1/servers/{server_id}/power', { ...of(server), body: { action } })),
    onSettled: useRefresh(),
  })
}

/** Erase a server and boot it from Ktizo again. Sent once. */
export function useReinstallServer() {
  return useMutation({
    mutationFn: ({
      server,
      ...body
    }: {
      server: RentedServer
      confirm: string
      approve: Wish['approve']
    }) => ok(api.POST('/api/v1/servers/{server_id}/reinstall', { ...of(server), body })),
    retry: false,
    onSettled: useRefresh(),
  })
}

/** Give a server back; some providers mail a token first. */
export function useGiveBack() {
  return useMutation({
    mutationFn: ({ server, ...body }: { server: RentedServer; confirm: string; token: string }) =>
      ok(api.POST('/api/v1/servers/{server_id}/delete', { ...of(server), body })),
    retry: false,
    onSettled: useRefresh(),
  })
}

/** Look for an order by its tag, and order it only when it is not there. */
export function useOrderAgain() {
  return useMutation({
    mutationFn: ({ server, confirm }: { server: RentedServer; confirm: string }) =>
      ok(api.POST('/api/v1/servers/{server_id}/order-again', { ...of(server), body: { confirm } })),
    retry: false,
    onSettled: useRefresh(),
  })
}

/** Take what is over out of the list. The caller leaves its page, then refreshes. */
export function useForgetServer() {
  return useMutation({
    mutationFn: (server: RentedServer) =>
      ok(api.POST('/api/v1/servers/{server_id}/forget', of(server))),
  })
}

/** Every server the provider lists under an account. */
export function useFound(account: MaybeRefOrGetter<string>) {
  return useQuery({
    queryKey: ['servers', 'found', computed(() => toValue(account))],
    queryFn: ({ signal }) => {
      const path = { key: toValue(account) }
      return ok(api.GET('/api/v1/provider-accounts/{key}/servers', { params: { path }, signal }))
    },
    enabled: () => toValue(account) !== '',
    retry: false,
    staleTime: 60_000,
    refetchOnWindowFocus: false,
  })
}

/** Take a server into the list that somebody else ordered. Nothing is done to it. */
export function useAdopt() {
  return useMutation({
    mutationFn: (body: { account: string; vendor_id: string }) =>
      ok(api.POST('/api/v1/servers/adopt', { body })),
    onSettled: useRefresh(),
  })
}
