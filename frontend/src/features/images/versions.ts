export interface MinorVersions {
  minor: string
  versions: string[]
}

/** Versions by minor release, the newest first; what is no version is left out. */
export function byMinor(items: readonly unknown[]): MinorVersions[] {
  const found = new Map<string, string[]>()
  for (const item of items) {
    const match = typeof item === 'string' ? /^(v\d+\.\d+)\.\d+/.exec(item) : null
    if (!match || typeof item !== 'string') continue
    const minor = match[1] ?? ''
    found.set(minor, [item, ...(found.get(minor) ?? [])])
  }
  const newest = (a: string, b: string) => b.localeCompare(a, 'en', { numeric: true })
  return [...found]
    .map(([minor, versions]) => ({ minor, versions: versions.sort(released) }))
    .sort((a, b) => newest(a.minor, b.minor))
}

/** Newest first; a release before its own candidates (v1.14.0 is newer than v1.14.0-rc.1). */
function released(a: string, b: string): number {
  const [left = '', before] = a.split(/-(.*)/)
  const [right = '', after] = b.split(/-(.*)/)
  const order = right.localeCompare(left, 'en', { numeric: true })
  if (order || before === after) return order
  if (before === undefined || after === undefined) return before === undefined ? -1 : 1
  return after.localeCompare(before, 'en', { numeric: true })
}
