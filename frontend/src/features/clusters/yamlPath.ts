/** Where in a YAML text a position is, by indentation alone: for completion and for marks beside
 * lines. It knows block style, which is how people write configs; flow style ends the path. */
export interface Line {
  /** Line number in the text, from 0, and where its content begins. */
  number: number
  indent: number
  /** Keys and list indexes from the document's root down to this line's key. */
  path: (string | number)[]
  key: string | null
  value: string
}

export interface Document {
  from: number
  to: number
  lines: Line[]
  kind: string
  name: string
}

const ITEM = /^- *(?:$|(?=\S))/
const KEY =
  /^("(?:[^"\\]|\\.)*"|'[^']*'|[^\s#:'"{}[\],&*!|>%@`-][^:#]*?|-[^\s:][^:]*?) *:(?: +|$)(.*)$/
const BLOCK = /(^|: +|- +)[|>][0-9+-]* *(#.*)?$/

interface Level {
  indent: number
  step: string | number
}

function unquoted(text: string): string {
  const match = /^(["'])(.*)\1$/.exec(text.trim())
  return match ? (match[2] ?? '') : text.trim()
}

class Reader {
  readonly lines: Line[] = []
  private levels: Level[] = []
  private block = -1 // the indent of a key whose text block we are in

  read(number: number, text: string): void {
    const indent = text.length - text.trimStart().length
    const body = text.trim()
    if (!body || body.startsWith('#')) return
    if (this.block >= 0 && indent > this.block) return
    this.block = -1
    this.take(number, indent, body)
    if (BLOCK.test(body)) this.block = indent
  }

  private take(number: number, indent: number, body: string): void {
    const item = ITEM.exec(body)
    if (item) {
      this.item(indent)
      const rest = body.slice(item[0].length)
      if (rest) this.take(number, indent + item[0].length, rest)
      else this.add(number, indent, null, '')
      return
    }
    this.leave(indent)
    const match = KEY.exec(body)
    if (!match) return this.add(number, indent, null, body)
    const key = unquoted(match[1] ?? '')
    this.levels.push({ indent, step: key })
    this.add(number, indent, key, unquoted((match[2] ?? '').replace(/(^|\s)#.*$/, '')))
  }

  /** A list may stand at the indent of its own key. */
  private item(indent: number): void {
    while (this.last && this.last.indent > indent) this.levels.pop()
    const last = this.last
    if (last && last.indent === indent && typeof last.step === 'number') last.step += 1
    else this.levels.push({ indent, step: 0 })
  }

  private leave(indent: number): void {
    while (this.last && this.last.indent >= indent) this.levels.pop()
  }

  private get last(): Level | undefined {
    return this.levels.at(-1)
  }

  private add(number: number, indent: number, key: string | null, value: string): void {
    const path = this.levels.map((level) => level.step)
    this.lines.push({ number, indent, path, key, value })
  }
}

/** The documents of a YAML text. */
export function documents(text: string): Document[] {
  const found: Document[] = []
  const all = text.split('\n')
  let from = 0
  for (const [number, line] of [...all, '---'].entries()) {
    if (!/^---(\s|$)/.test(line)) continue
    found.push(document(all, from, number))
    from = number + 1
  }
  return found
}

function document(all: string[], from: number, to: number): Document {
  const reader = new Reader()
  for (let number = from; number < to; number += 1) reader.read(number, all[number] ?? '')
  const top = (key: string) =>
    reader.lines.find((line) => line.path.length === 1 && line.key === key)?.value ?? ''
  return { from, to, lines: reader.lines, kind: top('kind'), name: top('name') }
}

/** `machine.network.interfaces[0].mtu` -> its steps. */
export function steps(path: string): (string | number)[] {
  return path
    .split(/\.|(?=\[)/)
    .filter(Boolean)
    .map((step) => (/^\[\d+\]$/.test(step) ? Number(step.slice(1, -1)) : step))
}

const LEGACY = /^v1alpha1/i

/** The line a finding speaks of, from 0; the nearest one above when the very line is not there. */
export function lineOf(text: string, finding: { document: string; path: string }): number | null {
  const [kind = '', name = ''] = finding.document.split('/')
  const wanted = steps(finding.path)
  const all = documents(text)
  const numbered = /^document (\d+)$/.exec(finding.document)
  const fits = (one: Document, index: number) =>
    numbered
      ? index + 1 === Number(numbered[1])
      : LEGACY.test(kind)
        ? !one.kind && one.lines.length > 0
        : one.kind === kind && (!name || !one.name || one.name === name)
  const candidates = all.filter(fits)
  let best: { line: number; depth: number } | null = null
  for (const one of candidates) {
    for (const line of one.lines) {
      const depth = line.path.length
      const leads = depth <= wanted.length && line.path.every((step, at) => step === wanted[at])
      if (leads && depth > (best?.depth ?? 0)) best = { line: line.number, depth }
    }
    best ??= one.lines[0] ? { line: one.lines[0].number, depth: 0 } : null
  }
  return best?.line ?? null
}

export interface Spot {
  kind: string
  /** Path of the mapping or list the cursor is in. */
  path: (string | number)[]
  /** The key whose value is being typed, else null: a key is being typed. */
  key: string | null
  /** What stands between the beginning of the word and the cursor, and where that begins. */
  typed: string
  from: number
  /** Keys that are there already. */
  siblings: string[]
}

/** What is being typed at `offset`; null inside text blocks, comments and flow style. */
export function spotAt(text: string, offset: number): Spot | null {
  const before = text.slice(0, offset)
  const number = before.split('\n').length - 1
  const start = before.lastIndexOf('\n') + 1
  const head = text.slice(start, offset)
  if (/(^|\s)#/.test(head)) return null
  const here = documents(text).find((one) => number >= one.from && number <= one.to)
  if (!here || /^---/.test(head)) return null
  const match = /^( *(?:- +)*)(.*)$/.exec(head)
  const [, lead = '', typed = ''] = match ?? []
  const value = /^([^\s:#'"[{]+) *: +(\S*)$/.exec(typed)
  if (!value && /[\s:[{]/.test(typed)) return null
  // Read the text with a key put where the cursor is, and see where that key ends up.
  const marked = text.split('\n')
  const word = value ? (value[1] ?? '') : '\u0001'
  marked[number] = `${lead}${word}:`
  const line = documents(marked.join('\n'))
    .flatMap((one) => one.lines)
    .find((one) => one.number === number && one.key === word)
  if (!line) return null
  const path = line.path.slice(0, -1)
  const siblings = here.lines
    .filter((one) => one.key !== null && one.number !== number)
    .filter((one) => one.path.length === path.length + 1 && starts(one.path, path))
    .map((one) => one.key ?? '')
  const tail = value ? (value[2] ?? '') : typed
  const key = value ? word : null
  return { kind: here.kind, path, key, typed: tail, from: offset - tail.length, siblings }
}

function starts(path: (string | number)[], head: (string | number)[]): boolean {
  return head.every((step, at) => step === path[at])
}
