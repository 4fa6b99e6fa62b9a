import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, ok } from '@/api/client'

const key = (what: string, days: MaybeRefOrGetter<number>) => [
  'analytics',
  what,
  computed(() => toValue(days)),
]

/** Median and 95th percentile of each step. */
export function useSteps(days: MaybeRefOrGetter<number>) {
  return useQuery({
    queryKey: key('steps', days),
    queryFn: ({ signal }) => {
      const query = { days: toValue(days) }
      return ok(api.GET('/api/v1/analytics/steps', { params: { query }, signal }))
    },
    placeholderData: keepPreviousData,
  })
}

/** The machines whose boots take longest. */
export function useSlowest(days: MaybeRefOrGetter<number>, limit = 10) {
  return useQuery({
    queryKey: key('slowest', days),
    queryFn: ({ signal }) => {
      const query = { days: toValue(days), limit }
      return ok(api.GET('/api/v1/analytics/slowest', { params: { query }, signal }))
    },
    placeholderData: keepPreviousData,
  })
}

/** Failed boots by cause. */
export function useFailures(days: MaybeRefOrGetter<number>) {
  return useQuery({
    queryKey: key('failures', days),
    queryFn: ({ signal }) => {
      const query = { days: toValue(days) }
      return ok(api.GET('/api/v1/analytics/failures', { params: { query }, signal }))
    },
    placeholderData: keepPreviousData,
  })
}
