import { QueryClient } from '@tanstack/vue-query'
import { ApiError } from '@/api/errors'

/** Refusals are final; only silence and faults of the server are worth asking again. */
function worthRetrying(failures: number, error: unknown): boolean {
  if (!(error instanceof ApiError)) return failures < 1
  return (error.status === 0 || error.status >= 502) && failures < 2
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000, // live events say earlier when something changed
      retry: worthRetrying,
      networkMode: 'always', // a LAN without internet is online
    },
    mutations: { networkMode: 'always', retry: false },
  },
})
