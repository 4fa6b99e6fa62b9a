export interface AuditFilter {
  actor: string
  action: string
  outcome: string
  subject: string
  address: string
  since: string
  until: string
}

export const WORDS = ['actor', 'action', 'outcome', 'subject', 'address'] as const
export type Word = (typeof WORDS)[number]

/** What the server is asked: only what is filled in; local times as absolute ones. */
export function auditQuery(filter: AuditFilter): Partial<AuditFilter> {
  const query: Partial<AuditFilter> = {}
  for (const word of WORDS) {
    const text = filter[word].trim().slice(0, 200)
    if (text) query[word] = text
  }
  for (const edge of ['since', 'until'] as const) {
    const at = new Date(filter[edge])
    if (filter[edge] && !Number.isNaN(at.getTime())) query[edge] = at.toISOString()
  }
  return query
}

/** Where the whole of it, as filtered, can be fetched as a file. */
export function exportUrl(filter: AuditFilter, format: 'csv' | 'json'): string {
  const query = new URLSearchParams({ ...auditQuery(filter), format })
  return `/api/v1/audit/export?${query.toString()}`
}

/** The API call behind what is shown, to copy. */
export function apiLine(filter: AuditFilter): string {
  const query = new URLSearchParams(auditQuery(filter)).toString()
  return `GET /api/v1/audit${query ? `?${query}` : ''}`
}
