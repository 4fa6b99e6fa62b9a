import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { api, ok } from '@/api/client'
import type { components } from '@/api/schema'

type Schemas = components['schemas']
export type Person = Schemas['Person']
export type PersonIn = Schemas['PersonIn']
export type PersonChange = Schemas['PersonChange']
export type Token = Schemas['Token']
export type TokenIn = Schemas['TokenIn']
export type Browser = Schemas['SessionOut']

export const PASSWORD_SHORTEST = 12

/** What a list of this room needs after a change: fetched anew, and the audit with it. */
function useRefresh(what: string) {
  const client = useQueryClient()
  return () =>
    Promise.all([
      client.invalidateQueries({ queryKey: ['settings', what] }),
      client.invalidateQueries({ queryKey: ['audit'] }),
    ])
}

/** Everybody who can sign in. For administrators. */
export function usePeople() {
  return useQuery({
    queryKey: ['settings', 'people'],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/people', { signal })),
  })
}

/** Let somebody in. */
export function useInvite() {
  return useMutation({
    mutationFn: (body: PersonIn) => ok(api.POST('/api/v1/people', { body })),
    onSuccess: useRefresh('people'),
  })
}

/** Another role, another password, disabled or not. */
export function useChangePerson() {
  return useMutation({
    mutationFn: ({ id, body }: { id: number; body: PersonChange }) =>
      ok(api.PATCH('/api/v1/people/{person_id}', { params: { path: { person_id: id } }, body })),
    onSuccess: useRefresh('people'),
  })
}

/** Remove somebody; what the audit says of them stays. */
export function useDeletePerson() {
  return useMutation({
    mutationFn: (id: number) =>
      ok(api.DELETE('/api/v1/people/{person_id}', { params: { path: { person_id: id } } })),
    onSuccess: useRefresh('people'),
  })
}

/** Sign somebody out everywhere. */
export function useSignOutPerson() {
  return useMutation({
    mutationFn: (id: number) =>
      ok(
        api.DELETE('/api/v1/people/{person_id}/sessions', { params: { path: { person_id: id } } }),
      ),
    onSuccess: useRefresh('sessions'),
  })
}

/** Every token there is or was. For administrators. */
export function useTokens() {
  return useQuery({
    queryKey: ['settings', 'tokens'],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/tokens', { signal })),
  })
}

/** Make a token; the answer is the only place it is shown. */
export function useMakeToken() {
  return useMutation({
    mutationFn: (body: TokenIn) => ok(api.POST('/api/v1/tokens', { body })),
    gcTime: 0, // the secret is not kept
    onSuccess: useRefresh('tokens'),
  })
}

/** Make a token worthless at once. */
export function useRevokeToken() {
  return useMutation({
    mutationFn: (id: number) =>
      ok(api.DELETE('/api/v1/tokens/{token_id}', { params: { path: { token_id: id } } })),
    onSuccess: useRefresh('tokens'),
  })
}

/** Where I am signed in. */
export function useMySessions() {
  return useQuery({
    queryKey: ['settings', 'sessions'],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/sessions', { signal })),
  })
}

/** Sign me out everywhere, here too. */
export function useSignOutEverywhere() {
  return useMutation({ mutationFn: () => ok(api.DELETE('/api/v1/sessions')) })
}

/** Another password for me; it ends my other sessions. */
export function useChangePassword() {
  return useMutation({
    mutationFn: (body: Schemas['PasswordChange']) =>
      ok(api.PUT('/api/v1/people/me/password', { body })),
    onSuccess: useRefresh('sessions'),
  })
}

/** How the appliance is; open to everybody. */
export function useHealth() {
  return useQuery({
    queryKey: ['home', 'health'],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/health', { signal })),
    refetchInterval: 30_000,
  })
}

/** The parts of the overview that say how Ktizo itself is. */
export function useAppliance() {
  return useQuery({
    queryKey: ['home', 'overview'],
    queryFn: ({ signal }) => ok(api.GET('/api/v1/overview', { signal })),
  })
}
