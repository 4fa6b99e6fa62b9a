import type { Mark } from './editor'
import { documents, lineOf } from './yamlPath'

interface Finding {
  [name: string]: string
}

/** What to call a patch in a list: the documents it speaks of, else the keys it sets. */
export function patchTitle(text: string): string {
  const names = documents(text).flatMap((one) => {
    if (one.kind) return [one.name ? `${one.kind}/${one.name}` : one.kind]
    const tops = one.lines.filter((line) => line.path.length === 2 && line.key)
    return tops.map((line) => line.path.join('.'))
  })
  return [...new Set(names)].slice(0, 3).join(', ') || 'empty'
}

function asked(finding: Finding): { document: string; path: string; reason: string } {
  const { document = '', path = '', reason = '' } = finding
  return { document, path, reason }
}

/** Where in this patch the server's findings are; those of other patches are left out. */
export function marksFor(text: string, findings: readonly Finding[]): Mark[] {
  return findings.map(asked).flatMap((one) => {
    const line = lineOf(text, one)
    const message = [one.path, one.reason].filter(Boolean).join(': ')
    return line === null ? [] : [{ line, message, severity: 'error' as const }]
  })
}

/** Which patch and line a finding speaks of; the last one, for the later wins. */
export function placeOf(
  patches: readonly string[],
  finding: Finding,
): { patch: number; line: number } | null {
  for (let patch = patches.length - 1; patch >= 0; patch -= 1) {
    const line = lineOf(patches[patch] ?? '', asked(finding))
    if (line !== null) return { patch, line }
  }
  return null
}
