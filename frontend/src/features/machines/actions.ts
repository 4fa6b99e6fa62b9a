import { useMutation } from '@tanstack/vue-query'
import { api, ok } from '@/api/client'
import type { Approve, Bulk, BulkResult, Device, DeviceChange } from '@/api/types'
import { useRefreshDevices } from '@/composables/devices'

type Verb = 'reject' | 'restore' | 'ran'

function act(verb: Verb, device_id: number): Promise<Device> {
  const params = { path: { device_id } }
  if (verb === 'reject') return ok(api.POST('/api/v1/devices/{device_id}/reject', { params }))
  if (verb === 'restore') return ok(api.POST('/api/v1/devices/{device_id}/restore', { params }))
  return ok(api.POST('/api/v1/devices/{device_id}/ran', { params }))
}

/** Let one machine install, once. */
export function useApprove() {
  return useMutation({
    mutationFn: ({ id, body }: { id: number; body: Approve }) =>
      ok(
        api.POST('/api/v1/devices/{device_id}/approve', {
          params: { path: { device_id: id } },
          body,
        }),
      ),
    onSettled: useRefreshDevices(),
  })
}

/** Reject, restore, or note that it runs. */
export function useVerb() {
  return useMutation({
    mutationFn: ({ verb, id }: { verb: Verb; id: number }) => act(verb, id),
    onSettled: useRefreshDevices(),
  })
}

/** One thing to many machines; some may refuse. */
export function useBulk() {
  return useMutation({
    mutationFn: (body: Bulk) => ok(api.POST('/api/v1/devices/bulk', { body })),
    onSettled: useRefreshDevices(),
  })
}

/** Hostname, role, notes, tags, hand-over. */
export function useChange() {
  return useMutation({
    mutationFn: ({ id, body }: { id: number; body: DeviceChange }) =>
      ok(api.PATCH('/api/v1/devices/{device_id}', { params: { path: { device_id: id } }, body })),
    onSettled: useRefreshDevices(),
  })
}

/** Erase and install again; `confirm` is the machine's name. */
export function useReinstall() {
  return useMutation({
    mutationFn: ({ id, confirm }: { id: number; confirm: string }) =>
      ok(
        api.POST('/api/v1/devices/{device_id}/reinstall', {
          params: { path: { device_id: id } },
          body: { confirm },
        }),
      ),
    onSettled: useRefreshDevices(),
  })
}

/** Forget a machine. */
export function useForget() {
  return useMutation({
    mutationFn: (id: number) =>
      ok(api.DELETE('/api/v1/devices/{device_id}', { params: { path: { device_id: id } } })),
    onSettled: useRefreshDevices(),
  })
}

/** Settle who is who. */
export function useResolve() {
  return useMutation({
    mutationFn: ({
      id,
      keep,
    }: {
      id: number
      keep: 'recorded' | 'claimed' | 'separate' | 'merge'
    }) =>
      ok(
        api.POST('/api/v1/devices/{device_id}/resolve', {
          params: { path: { device_id: id } },
          body: { keep },
        }),
      ),
    onSettled: useRefreshDevices(),
  })
}

/** Say in one line what became of a bulk action: "12 approved", "11 approved, 1 refused: ...". */
export function outcome(
  results: readonly BulkResult[],
  done: string,
): { ok: boolean; text: string } {
  const refused = results.filter((result) => !result.ok)
  const good = results.length - refused.length
  if (refused.length === 0) return { ok: true, text: `${good} ${done}` }
  const [first] = refused
  const why = first?.message ?? first?.code ?? 'no reason given'
  return {
    ok: false,
    text: `${good} ${done}, ${refused.length} refused: machine ${first?.id}: ${why}`,
  }
}
