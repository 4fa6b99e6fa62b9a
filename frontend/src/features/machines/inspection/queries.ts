import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, ok } from '@/api/client'
import type { Inspection } from '@/api/types'

const keyOf = (id: number) => ['devices', 'inspection', id]

/** Whether somebody asked to look into the machine, how far that is, and what was found last. */
export function useInspection(id: MaybeRefOrGetter<number>) {
  return useQuery({
    queryKey: ['devices', 'inspection', computed(() => toValue(id))],
    queryFn: ({ signal }) => {
      const params = { path: { device_id: toValue(id) } }
      return ok(api.GET('/api/v1/devices/{device_id}/inspection', { params, signal }))
    },
  })
}

/** Ask to look into a machine, or take the question back. */
export function useInspect() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ id, verb }: { id: number; verb: 'ask' | 'cancel' }): Promise<Inspection> => {
      const params = { path: { device_id: id } }
      return verb === 'ask'
        ? ok(api.POST('/api/v1/devices/{device_id}/inspect', { params, body: {} }))
        : ok(api.DELETE('/api/v1/devices/{device_id}/inspection', { params }))
    },
    onSuccess: (now, { id }) => client.setQueryData(keyOf(id), now),
    onSettled: () => client.invalidateQueries({ queryKey: ['devices'] }),
  })
}
