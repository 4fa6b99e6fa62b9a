import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, ok } from '@/api/client'

/** Boots per day and the success rate; the last day is today (UTC). */
export function useBoots(days: MaybeRefOrGetter<number>) {
  return useQuery({
    queryKey: ['analytics', 'boots', computed(() => toValue(days))],
    queryFn: ({ signal }) => {
      const query = { days: toValue(days) }
      return ok(api.GET('/api/v1/analytics/boots', { params: { query }, signal }))
    },
    placeholderData: keepPreviousData,
  })
}

/** A share as an operator reads it: 98.7 %, and 100 % only when it is all. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined) return '–'
  const rounded = Math.floor(share * 1000) / 10
  return `${rounded} %`
}
