import type { ConsoleLine } from '@/api/types'

/** What the console keeps: a line, or a place where lines went by unseen. */
export type Kept = ConsoleLine | { gap: number; number: number }

/** Lines kept in memory, and the newest of them that are drawn. */
export const KEPT = 2_000
export const DRAWN = 1_000

export function isGap(one: Kept): one is { gap: number; number: number } {
  return 'gap' in one
}

/** Join an answer of the server to what is there; the oldest go when there are too many. */
export function joined(
  before: readonly Kept[],
  lines: readonly ConsoleLine[],
  lost: number,
): Kept[] {
  const last = before.at(-1)?.number ?? 0
  const first = lines[0]?.number ?? last + 1
  const gap: Kept[] = lost > 0 ? [{ gap: lost, number: first - 0.5 }] : []
  // Numbers begin anew when Ktizo was restarted: what was there is another story then.
  return [...(first > last ? before : []), ...gap, ...lines].slice(-KEPT)
}

/** What a filter leaves: lines with all its words, in any case. Gaps stay: something may be there. */
export function matching(kept: readonly Kept[], filter: string): Kept[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return [...kept]
  return kept.filter((one) => {
    if (isGap(one)) return true
    const text = `${one.source} ${one.level} ${one.text}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

export type Severity = 'bad' | 'moving' | 'faint' | 'plain'

const SEVERITIES: [RegExp, Severity][] = [
  [/^(emerg|alert|crit|err|fatal|panic)/, 'bad'],
  [/^(warn|notice)/, 'moving'],
  [/^(debug|trace)/, 'faint'],
]

/** How loud a level is; what nobody knows is plain. */
export function severity(level: string): Severity {
  return SEVERITIES.find(([levels]) => levels.test(level.toLowerCase()))?.[1] ?? 'plain'
}

/** Time of day with milliseconds, as on the machine's own screen one after the other. */
export function clock(at: string): string {
  const date = new Date(at)
  const ms = String(date.getMilliseconds()).padStart(3, '0')
  return `${date.toLocaleTimeString(undefined, { hour12: false })}.${ms}`
}

/** The lines as text for a clipboard. */
export function asText(kept: readonly Kept[]): string {
  return kept
    .map((one) =>
      isGap(one)
        ? `... ${one.gap} lines went by ...`
        : `${one.at} ${one.source} ${one.level} ${one.text}`,
    )
    .join('\n')
}
