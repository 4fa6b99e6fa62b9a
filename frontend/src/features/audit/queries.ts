import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { api, ok } from '@/api/client'
import { auditQuery, type AuditFilter } from './filter'

export const PAGE = 50

/** One page of lines, newest first; `before` 0 is the newest page. */
export function useAudit(filter: MaybeRefOrGetter<AuditFilter>, before: MaybeRefOrGetter<number>) {
  return useQuery({
    queryKey: ['audit', 'page', computed(() => [toValue(filter), toValue(before)])],
    queryFn: ({ signal }) => {
      const query = {
        ...auditQuery(toValue(filter)),
        ...(toValue(before) > 0 ? { before: toValue(before) } : {}),
        limit: PAGE,
      }
      return ok(api.GET('/api/v1/audit', { params: { query }, signal }))
    },
    placeholderData: keepPreviousData,
  })
}

/** Walk the chain; only when somebody asks. */
export function useVerdict() {
  return useQuery({
    queryKey: ['audit-verdict'], // no event makes a verdict old: it says when it was made
    queryFn: ({ signal }) => ok(api.GET('/api/v1/audit/verify', { signal })),
    enabled: false,
    gcTime: 0,
  })
}
