export interface Part {
  kind: '' | 'key' | 'comment' | 'text' | 'word'
  text: string
}

const LINE = /^(\s*(?:- )*)((?:"[^"]*"|'[^']*'|[^\s#:'"][^#:]*?))(:)(?=\s|$)(.*)$/
const WORD = /^(true|false|null|~|-?\d+(\.\d+)?)$/

/** Split YAML into coloured parts, line by line. For eyes only: it never fails and never parses. */
export function yamlLines(text: string): Part[][] {
  return text.replace(/\n$/, '').split('\n').map(parts)
}

function parts(line: string): Part[] {
  if (/^\s*#/.test(line) || line === '---') return [{ kind: 'comment', text: line }]
  const match = LINE.exec(line)
  if (!match) return value(line)
  const [, indent = '', key = '', colon = '', rest = ''] = match
  return [
    { kind: '', text: indent },
    { kind: 'key', text: key },
    { kind: '', text: colon },
    ...value(rest),
  ]
}

function value(text: string): Part[] {
  const comment = /\s#.*$/.exec(text)
  const body = comment ? text.slice(0, comment.index) : text
  const bare = body.replace(/^\s*(- )*/, '').trim()
  const kind = WORD.test(bare) ? 'word' : /^["'|>]/.test(bare) ? 'text' : ''
  const found: Part[] = body ? [{ kind, text: body }] : []
  return comment ? [...found, { kind: 'comment', text: comment[0] }] : found
}
