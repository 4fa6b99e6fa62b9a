// A provider declares its settings and options as JSON Schema; the form is made from that alone, so
// that a new provider needs nothing here.

export interface Question {
  name: string
  label: string
  help: string
  kind: 'text' | 'secret' | 'choice' | 'switch' | 'number' | 'list' | 'pairs'
  /** Of a choice. */
  options: string[]
  required: boolean
  fallback: unknown
  /** The longest text that is taken. */
  longest: number | undefined
}

/** What stands in the controls: a text for everything but a switch. */
export type Answers = Record<string, string | boolean>

type Schema = Readonly<Record<string, unknown>>

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** What is referred to, or may be left out (`anyOf` with null), as the plain thing it is. */
function plain(found: Schema, root: Schema): Schema {
  const all = [found['anyOf'], found['oneOf'], found['allOf']].find(Array.isArray) ?? []
  const some = all.filter(isSchema).filter((one) => one['type'] !== 'null')
  const consts = some.map((one) => one['const'])
  if (consts.length > 0 && consts.every((one) => typeof one === 'string'))
    return { ...found, enum: consts }
  const [only] = some
  if (only && some.length === 1) return { ...plain(only, root), ...found }
  const name = /^#\/\$defs\/(.+)$/.exec(text(found['$ref']))?.[1]
  const defs = root['$defs']
  const there = name && isSchema(defs) ? defs[name] : undefined
  return isSchema(there) ? { ...there, ...found } : found
}

function kindOf(found: Schema): Question['kind'] {
  if (found['writeOnly'] === true || found['format'] === 'password') return 'secret'
  if (Array.isArray(found['enum']) || 'const' in found) return 'choice'
  if (found['type'] === 'boolean') return 'switch'
  if (found['type'] === 'integer' || found['type'] === 'number') return 'number'
  if (found['type'] === 'array') return 'list'
  return found['type'] === 'object' ? 'pairs' : 'text'
}

function questionOf(name: string, found: Schema, required: boolean): Question {
  const label = text(found['title']) || name.replaceAll('_', ' ')
  const said = text(found['description']).trim()
  const help = said.charAt(0).toUpperCase() + said.slice(1)
  const options = Array.isArray(found['enum']) ? found['enum'] : [found['const']]
  return {
    name,
    label,
    help: help.toLowerCase() === label.toLowerCase() ? '' : help,
    kind: kindOf(found),
    options: options.filter((one) => typeof one === 'string'),
    required,
    fallback: found['default'],
    longest: typeof found['maxLength'] === 'number' ? found['maxLength'] : undefined,
  }
}

/** The questions of a form, in the order the provider declares them. */
export function questionsOf(schema: Schema | null | undefined): Question[] {
  const properties = schema?.['properties']
  if (!schema || !isSchema(properties)) return []
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  return Object.entries(properties).flatMap(([name, found]) =>
    isSchema(found) ? [questionOf(name, plain(found, schema), required.includes(name))] : [],
  )
}

function written(value: unknown): string {
  if (Array.isArray(value)) return value.map(written).join('\n')
  if (isSchema(value))
    return Object.entries(value)
      .map(([name, one]) => `${name}=${written(one)}`)
      .join('\n')
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/** What the controls begin with: what is known, else the default. A secret is never shown. */
export function answersOf(questions: readonly Question[], known: Schema = {}): Answers {
  const begin = ({ name, kind, fallback }: Question): string | boolean => {
    if (kind === 'secret') return ''
    const value = known[name] ?? fallback
    return kind === 'switch' ? value === true : written(value)
  }
  return Object.fromEntries(questions.map((one) => [one.name, begin(one)]))
}

function pairs(typed: string): Record<string, string> {
  const lines = typed.split('\n').filter((line) => line.trim())
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.search(/[=:]/)
      return at < 0 ? [line.trim(), ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()]
    }),
  )
}

function read({ kind }: Question, answer: string | boolean | undefined): unknown {
  if (typeof answer === 'boolean') return answer
  const typed = (answer ?? '').trim()
  if (!typed) return ''
  if (kind === 'list') return typed.split(/[\s,;]+/).filter(Boolean)
  if (kind === 'pairs') return pairs(typed)
  if (kind === 'number') return Number.isNaN(Number(typed)) ? typed : Number(typed)
  return typed
}

/** What is sent. Left out is what stays as it is: a default, a known value, a secret not typed
 * anew. What was emptied is sent as an empty text: it clears what is stored. */
export function saidOf(
  questions: readonly Question[],
  answers: Answers,
  known: Schema = {},
): Record<string, unknown> {
  const before = answersOf(questions, known)
  const said = questions.filter((one) => {
    const answer = answers[one.name]
    const same = typeof answer === 'string' ? answer.trim() === before[one.name] : undefined
    return !(same ?? answer === before[one.name])
  })
  return Object.fromEntries(said.map((one) => [one.name, read(one, answers[one.name])]))
}

/** Required questions without an answer; a stored secret answers its own. */
export function unanswered(
  questions: readonly Question[],
  answers: Answers,
  stored: readonly string[] = [],
): Question[] {
  return questions.filter(
    ({ name, required, kind }) =>
      required && kind !== 'switch' && answers[name] === '' && !stored.includes(name),
  )
}
