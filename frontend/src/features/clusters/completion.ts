import type { DocumentNode, KnownDocuments } from '@/api/types'
import { spotAt, type Spot } from './yamlPath'

export interface Option {
  label: string
  /** What is written; a `\n` inside is followed by the indent of the line. */
  apply: string
  detail: string
  type: 'class' | 'property' | 'enum'
}

export interface Offer {
  from: number
  options: Option[]
}

const STRUCTURE = new Set(['struct', 'map', 'any', 'list'])

/** Follow a path through what a document may hold; null where nothing is known. */
export function nodeAt(
  root: DocumentNode,
  path: readonly (string | number)[],
): DocumentNode | null {
  let node: DocumentNode | null | undefined = root
  for (const step of path) {
    if (!node) return null
    if (node.type === 'list') node = typeof step === 'number' ? node.item : null
    else if (node.type === 'map') node = node.item
    else node = node.fields?.[step]
  }
  return node ?? null
}

function rootOf(known: KnownDocuments, kind: string): DocumentNode | null {
  if (!kind) return known.legacy
  return known.kinds.find((one) => one.kind === kind)?.content ?? null
}

function fieldOption(name: string, node: DocumentNode): Option {
  const deeper = node.type === 'list' ? '\n  - ' : STRUCTURE.has(node.type) ? '\n  ' : ' '
  return { label: name, apply: `${name}:${deeper}`, detail: node.noun, type: 'property' }
}

function heads(known: KnownDocuments, spot: Spot): Option[] {
  const there = new Set(spot.siblings)
  const found: Option[] = []
  if (!there.has('apiVersion') && spot.siblings.length === 0) {
    for (const one of known.kinds) {
      const name = one.named ? '\nname: ' : '\n'
      const apply = `apiVersion: v1alpha1\nkind: ${one.kind}${name}`
      const detail = one.control_plane_only ? 'document, control planes only' : 'document'
      found.push({ label: one.kind, apply, detail, type: 'class' })
    }
  }
  for (const [name, value] of [
    ['apiVersion', 'v1alpha1'],
    ['kind', ''],
  ] as const) {
    const legacy = spot.siblings.some((key) => key in (known.legacy.fields ?? {}))
    if (there.has(name) || legacy) continue
    found.push({ label: name, apply: `${name}: ${value}`, detail: 'text', type: 'property' })
  }
  return found
}

function keys(known: KnownDocuments, spot: Spot): Option[] {
  const root = rootOf(known, spot.kind)
  const node = root && nodeAt(root, spot.path)
  const fields = Object.entries(node?.type === 'struct' ? (node.fields ?? {}) : {})
  const isNew = spot.path.length === 0
  // A document with an apiVersion and no kind yet will not be the v1alpha1 document.
  const named = isNew && !spot.kind && spot.siblings.includes('apiVersion')
  const own = named
    ? []
    : fields.filter(([name]) => !spot.siblings.includes(name)).map((one) => fieldOption(...one))
  return [...(isNew ? heads(known, spot) : []), ...own]
}

function values(known: KnownDocuments, spot: Spot): Option[] {
  const key = spot.key ?? ''
  const one = (label: string, detail: string): Option => ({
    label,
    apply: label,
    detail,
    type: 'enum',
  })
  if (spot.path.length === 0 && key === 'kind')
    return known.kinds.map((kind) => one(kind.kind, kind.named ? 'several, by name' : 'one'))
  if (spot.path.length === 0 && key === 'apiVersion') return [one('v1alpha1', '')]
  const root = rootOf(known, spot.kind)
  const node = root && nodeAt(root, [...spot.path, key])
  return (node?.values ?? []).map((value) => one(value, node?.noun ?? ''))
}

/** What may be written at `offset` of a text of Talos documents. */
export function complete(known: KnownDocuments, text: string, offset: number): Offer | null {
  const spot = spotAt(text, offset)
  if (!spot) return null
  const options = spot.key === null ? keys(known, spot) : values(known, spot)
  return options.length > 0 ? { from: spot.from, options } : null
}
