import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, ok } from '@/api/client'
import type { paths } from '@/api/schema'
import type { AccountChange, NewAccount, ProviderAccount } from '@/api/types'

export type PlanFilter = NonNullable<paths['/api/v1/plans']['get']['parameters']['query']>

/** Every provider there is, as it declares itself. It changes with a version of Ktizo only. */
export function useProviders() {
  return useQuery({
    queryKey: ['providers', 'list'],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/providers', { signal })),
    staleTime: Infinity,
  })
}

/** Every account; there are few. */
export function useAccounts() {
  return useQuery({
    queryKey: ['accounts', 'list'],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/provider-accounts', { signal })),
  })
}

function useRefresh() {
  const client = useQueryClient()
  return () =>
    Promise.all([
      client.invalidateQueries({ queryKey: ['accounts'] }),
      client.invalidateQueries({ queryKey: ['providers'] }),
      client.invalidateQueries({ queryKey: ['audit'] }),
    ])
}

/** Add an account, or change the one that is given. Secrets are not kept in the browser. */
export function useSaveAccount() {
  return useMutation({
    mutationFn: (asked: { add: NewAccount } | { id: number; change: AccountChange }) => {
      if ('add' in asked) return ok(api.POST('/api/v1/provider-accounts', { body: asked.add }))
      const params = { path: { key: String(asked.id) } }
      return ok(api.PATCH('/api/v1/provider-accounts/{key}', { params, body: asked.change }))
    },
    gcTime: 0,
    onSuccess: useRefresh(),
  })
}

/** Delete an account; refused while it has servers that may cost. */
export function useDeleteAccount() {
  return useMutation({
    mutationFn: ({ id }: ProviderAccount) => {
      const params = { path: { key: String(id) } }
      return ok(api.DELETE('/api/v1/provider-accounts/{key}', { params }))
    },
    onSuccess: useRefresh(),
  })
}

/** Ask the provider whether the credentials are good. It spends nothing. */
export function useTestAccount() {
  return useMutation({
    mutationFn: ({ id }: ProviderAccount) => {
      const params = { path: { key: String(id) } }
      return ok(api.POST('/api/v1/provider-accounts/{key}/test', { params }))
    },
    onSettled: useRefresh(),
  })
}

// A provider is asked over the internet, and some count how often: not at every focus of a window.
const SLOW = { staleTime: 300_000, retry: false, refetchOnWindowFocus: false } as const

/** Plans of all accounts, cheapest first. */
export function useCatalogue(filter: MaybeRefOrGetter<PlanFilter>) {
  return useQuery({
    queryKey: ['providers', 'plans', computed(() => toValue(filter))],
    queryFn: ({ signal }) =>
      ok(api.GET('/api/v1/plans', { params: { query: toValue(filter) }, signal })),
    placeholderData: keepPreviousData,
    ...SLOW,
  })
}

/** Ask every provider anew; what it says stands in every catalogue shown. */
export function useAskAnew() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (filter: PlanFilter) =>
      ok(api.GET('/api/v1/plans', { params: { query: { ...filter, refresh: true } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['providers', 'plans'] }),
  })
}

/** Regions of an account, with their names. */
export function useRegions(account: MaybeRefOrGetter<string>) {
  return useQuery({
    queryKey: ['providers', 'regions', computed(() => toValue(account))],
    queryFn: ({ signal }) => {
      const path = { key: toValue(account) }
      return ok(api.GET('/api/v1/provider-accounts/{key}/regions', { params: { path }, signal }))
    },
    enabled: () => toValue(account) !== '',
    ...SLOW,
  })
}
