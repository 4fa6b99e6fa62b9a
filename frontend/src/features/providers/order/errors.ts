import { ApiError } from '@/api/errors'

/** Whether nobody knows if it was done: the answer was lost behind Ktizo, or on the way here. */
export function isUnknown(error: unknown): boolean {
  if (!(error instanceof ApiError)) return error !== null && error !== undefined
  if (error.code === 'order_unknown' || error.code === 'unreachable') return true
  // Something in between answered in Ktizo's place, after it may have gone through.
  return error.code === 'unreadable_answer' && error.status >= 500
}

/** What has to be echoed instead: the price is another one now. */
export function otherEcho(error: unknown): string {
  if (!(error instanceof ApiError) || error.code !== 'confirmation_missing') return ''
  const wanted = error.detail['confirm']
  return typeof wanted === 'string' ? wanted : ''
}
