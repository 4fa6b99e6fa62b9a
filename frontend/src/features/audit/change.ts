export interface Change {
  name: string
  before: string | null
  after: string | null
  same: boolean
}

export interface Told {
  changes: Change[]
  /** Everything else a line says, flat. */
  facts: [string, string][]
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A value as text. It may come from the network: it is shown as text and never as markup. */
export function text(value: unknown): string {
  if (typeof value === 'string') return value
  return JSON.stringify(value) ?? 'undefined'
}

function flat(record: Record<string, unknown>, prefix = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [name, value] of Object.entries(record)) {
    if (isRecord(value) && Object.keys(value).length > 0) {
      for (const [inner, said] of flat(value, `${prefix}${name}.`)) found.set(inner, said)
    } else found.set(prefix + name, text(value))
  }
  return found
}

/** Read a line's data as what changed, name by name, and what else it says. */
export function told(data: Readonly<Record<string, unknown>>): Told {
  const { before, after, ...rest } = data
  const old = isRecord(before) ? flat(before) : new Map<string, string>()
  const now = isRecord(after) ? flat(after) : new Map<string, string>()
  if (before !== undefined && !isRecord(before)) old.set('value', text(before))
  if (after !== undefined && !isRecord(after)) now.set('value', text(after))
  const names = [...new Set([...old.keys(), ...now.keys()])]
  const changes = names.map((name) => {
    const [was, is] = [old.get(name) ?? null, now.get(name) ?? null]
    return { name, before: was, after: is, same: was === is }
  })
  return {
    changes: changes.sort((a, b) => Number(a.same) - Number(b.same)),
    facts: [...flat(rest)],
  }
}
