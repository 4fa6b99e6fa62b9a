export interface DiffLine {
  kind: 'add' | 'gone' | 'place' | 'same'
  text: string
}

/** The lines of a unified diff; the sign at the front stays, so colour is not alone in saying it. */
export function diffLines(text: string): DiffLine[] {
  if (!text) return []
  return text.split('\n').map((line, number) => ({ kind: kindOf(line, number), text: line }))
}

function kindOf(line: string, number: number): DiffLine['kind'] {
  if (number < 2 && /^(---|\+\+\+) /.test(line)) return 'place'
  if (line.startsWith('@@')) return 'place'
  if (line.startsWith('+')) return 'add'
  return line.startsWith('-') ? 'gone' : 'same'
}
