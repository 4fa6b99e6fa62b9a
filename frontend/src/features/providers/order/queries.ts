import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, ok } from '@/api/client'
import type { NewOrder, Wish } from '@/api/types'

/** Keys the provider knows. Asked only when somebody wants to see them. */
export function useSshKeys(account: MaybeRefOrGetter<string>, wanted: MaybeRefOrGetter<boolean>) {
  return useQuery({
    queryKey: ['providers', 'keys', computed(() => toValue(account))],
    queryFn: ({ signal }) => {
      const path = { key: toValue(account) }
      return ok(api.GET('/api/v1/provider-accounts/{key}/ssh-keys', { params: { path }, signal }))
    },
    enabled: () => toValue(wanted) && toValue(account) !== '',
    retry: false,
    refetchOnWindowFocus: false,
  })
}

/** Give the provider a public key. */
export function useAddKey(account: MaybeRefOrGetter<string>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: { name: string; public_key: string }) => {
      const params = { path: { key: toValue(account) } }
      return ok(api.POST('/api/v1/provider-accounts/{key}/ssh-keys', { params, body }))
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ['providers', 'keys'] }),
  })
}

/** Ask what an order would cost and do. It orders nothing. */
export function usePreview() {
  return useMutation({
    mutationFn: (body: Wish) => ok(api.POST('/api/v1/servers/preview', { body })),
    gcTime: 0,
  })
}

/** Order a server. Never repeated by itself: a lost answer is looked into by a person. */
export function useOrder() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: NewOrder) => ok(api.POST('/api/v1/servers', { body })),
    retry: false,
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['servers'] }),
        client.invalidateQueries({ queryKey: ['accounts'] }),
      ]),
  })
}
