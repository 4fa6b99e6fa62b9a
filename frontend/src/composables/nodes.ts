import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, ok } from '@/api/client'

/** Every node, or those of one cluster, as their own API showed them last. */
export function useNodes(
  cluster: MaybeRefOrGetter<string | undefined> = undefined,
  enabled: MaybeRefOrGetter<boolean> = true,
) {
  return useQuery({
    queryKey: ['nodes', 'list', computed(() => toValue(cluster) ?? '')],
    queryFn: ({ signal }) => {
      const query = { cluster: toValue(cluster) }
      return ok(api.GET('/api/v1/nodes', { params: { query }, signal }))
    },
    enabled: () => toValue(enabled),
  })
}

/** The nodes of a cluster by machine. */
export function useNodesByMachine(cluster: MaybeRefOrGetter<string>) {
  const { data } = useNodes(cluster)
  return computed(() => new Map((data.value ?? []).map((node) => [node.device_id, node])))
}

/** The node a machine is, if it was ever seen as one.
 *
 * A member is found in the list of its cluster, because to ask for a machine that never was a node
 * is a 404, and so an error in the browser's console. Any other was seen when `met`: looked into. */
export function useNode(
  id: MaybeRefOrGetter<number>,
  cluster: MaybeRefOrGetter<string | undefined>,
  met: MaybeRefOrGetter<boolean>,
) {
  const listed = useNodes(cluster, () => toValue(cluster) !== undefined)
  const single = useQuery({
    queryKey: ['nodes', 'one', computed(() => toValue(id))],
    queryFn: ({ signal }) => {
      const path = { device_id: toValue(id) }
      return ok(api.GET('/api/v1/nodes/{device_id}', { params: { path }, signal }))
    },
    enabled: () => toValue(cluster) === undefined && toValue(met),
  })
  return computed(() =>
    toValue(cluster) === undefined
      ? single.data.value
      : listed.data.value?.find((node) => node.device_id === toValue(id)),
  )
}

/** Forget what is known of nodes; call it after every order. */
export function useRefreshNodes() {
  const client = useQueryClient()
  return async () => {
    const rooms = ['nodes', 'works', 'devices']
    await Promise.all(rooms.map((room) => client.invalidateQueries({ queryKey: [room] })))
  }
}
