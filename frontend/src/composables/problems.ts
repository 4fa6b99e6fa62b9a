import { ApiError } from '@/api/errors'

/** One remark of the server about a document: which, where in it, and why. */
export interface Finding {
  document: string
  path: string
  reason: string
}

function entries(error: unknown, name: string): Record<string, unknown>[] {
  if (!(error instanceof ApiError)) return []
  const found = error.detail[name]
  if (!Array.isArray(found)) return []
  return found.filter((one): one is Record<string, unknown> => typeof one === 'object' && !!one)
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** What is wrong with each field of a refused form. `body.pod_subnets.0` counts for `pod_subnets`.
 * What belongs to no field is under the empty name. */
export function fieldProblems(error: unknown): Record<string, string> {
  const found: Record<string, string> = {}
  for (const one of entries(error, 'errors')) {
    const [first = '', ...more] = text(one['where']).split('.')
    const steps = first === 'body' ? more : [first, ...more]
    const said = text(one['problem']).replace(/^Value error, /, '')
    // A rule about several fields says which one first: `range_start 1.2.3.4 is not …`.
    const name = steps[0] ?? /^([a-z]+_[a-z_]+) /.exec(said)?.[1] ?? ''
    found[name] = found[name] ? `${found[name]}; ${said}` : said
  }
  return found
}

/** What is wrong inside one part of a form: `body.settings.api_key` counts for `api_key` of the
 * part `settings`. A refusal may say the same in its message: `settings.api_key: too short`. */
export function problemsUnder(error: unknown, part: string): Record<string, string> {
  const found: Record<string, string> = {}
  const said = error instanceof ApiError ? /^(\w+)\.(\w+)[^:]*: (.+)$/s.exec(error.message) : null
  if (said?.[1] === part && said[2]) found[said[2]] = said[3] ?? ''
  for (const one of entries(error, 'errors')) {
    const steps = text(one['where']).split('.')
    const at = steps.indexOf(part)
    const name = at < 0 ? undefined : steps[at + 1]
    if (name) found[name] = text(one['problem']).replace(/^Value error, /, '')
  }
  return found
}

/** The places in documents that a refusal names. */
export function findingsOf(error: unknown): Finding[] {
  return entries(error, 'findings').map((one) => ({
    document: text(one['document']),
    path: text(one['path']),
    reason: text(one['reason']),
  }))
}
