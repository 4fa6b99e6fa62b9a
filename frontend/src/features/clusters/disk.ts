/** What would lie where on a disk, from the sizes of volume configs. For eyes: Talos decides. */
export interface VolumeSpec {
  name: string
  kind: string
  disk_selector_match: string | null
  min_size: string | null
  max_size: string | null
  grow: boolean | null
}

export interface Segment {
  name: string
  kind: 'talos' | 'system' | 'user' | 'raw' | 'swap' | 'free' | 'missing'
  /** Bytes it gets, the least it must have, and the most it may have (null: no limit). */
  size: number
  min: number
  max: number | null
  /** Grows when the disk does. */
  grows: boolean
}

export interface DiskLayout {
  /** The CEL expression that chooses the disk; empty: the disk Talos is installed to. */
  selector: string
  size: number
  segments: Segment[]
  /** Bytes that are missing for every minimum. */
  short: number
}

const FACTORS: Record<string, number> = { '': 1, b: 1 }
for (const [index, prefix] of [...'kmgtpe'].entries()) {
  for (const b of ['', 'b']) {
    FACTORS[`${prefix}${b}`] = 1000 ** (index + 1)
    FACTORS[`${prefix}i${b}`] = 1024 ** (index + 1)
  }
}

/** `2.5GiB` -> bytes, as Talos reads sizes; null when it is none. Percentages are of `disk`. */
export function sizeOf(text: string | null | undefined, disk = 0): number | null {
  const match = /^\s*(-?)([0-9][0-9.,]*|\.[0-9]+)\s*([a-z]*|%)\s*$/i.exec(text ?? '')
  if (!match) return null
  const [, minus = '', digits = '', unit = ''] = match
  const amount = Number(digits.replaceAll(',', ''))
  const factor = unit === '%' ? disk / 100 : FACTORS[unit.toLowerCase()]
  if (factor === undefined || !Number.isFinite(amount)) return null
  const size = Math.floor(amount * factor)
  return minus ? Math.max(0, disk - size) : size
}

const MIB = 1024 ** 2
// Sizes Talos itself takes when nothing is said (machinery constants and block/blockhelpers).
const TALOS: Segment[] = [
  part('EFI', 'talos', 2200 * MIB),
  part('META', 'talos', MIB),
  part('STATE', 'talos', 100 * MIB),
]
const LEAST: Record<string, number> = { EPHEMERAL: 2 * 1024 * MIB, user: 100 * MIB }

function part(name: string, kind: Segment['kind'], size: number): Segment {
  return { name, kind, size, min: size, max: size, grows: false }
}

function kindOf(kind: string): Segment['kind'] {
  return kind === 'user' || kind === 'raw' || kind === 'swap' ? kind : 'system'
}

/** EPHEMERAL is there and takes the rest, whether somebody configured it or not. */
function withEphemeral(volumes: readonly VolumeSpec[]): VolumeSpec[] {
  const own = volumes.find((one) => one.name === 'EPHEMERAL' && kindOf(one.kind) === 'system')
  const unsaid = { disk_selector_match: null, min_size: null, max_size: null, grow: null }
  return own ? [...volumes] : [...volumes, { name: 'EPHEMERAL', kind: 'system', ...unsaid }]
}

function wish(volume: VolumeSpec, disk: number): Segment {
  const kind = kindOf(volume.kind)
  const grow = volume.grow ?? (kind === 'system' && volume.name === 'EPHEMERAL')
  const least = LEAST[kind === 'system' ? volume.name : 'user'] ?? 0
  const min = sizeOf(volume.min_size, disk) ?? least
  const max = sizeOf(volume.max_size, disk)
  return { name: volume.name, kind, size: 0, min, max, grows: grow }
}

/** Talos gives space in turn: its own volumes first, among equals what does not grow first. */
function inTurn(a: Segment, b: Segment): number {
  const wave = (one: Segment) => (one.kind === 'system' ? 0 : 1)
  return (
    wave(a) - wave(b) ||
    Number(a.grows && a.max === null) - Number(b.grows && b.max === null) ||
    Number(a.max === null) - Number(b.max === null)
  )
}

function fill(selector: string, size: number, wishes: Segment[]): DiskLayout {
  const fixed = selector ? [] : TALOS
  const segments = [...fixed]
  let left = size - fixed.reduce((sum, one) => sum + one.size, 0)
  let short = Math.max(0, -left)
  // Nobody keeps room for who comes later: without a maximum EPHEMERAL takes all there is.
  for (const one of [...wishes].sort(inTurn)) {
    const given = Math.min(one.max ?? left, left)
    if (given < one.min) {
      short += one.min - given
      segments.push({ ...one, kind: 'missing', size: given })
    } else segments.push({ ...one, size: given })
    left = Math.max(0, left - given)
  }
  if (left > 0) segments.push({ ...part('free', 'free', left), min: 0 })
  return { selector, size, segments, short }
}

/** Lay out the volumes that hold for one kind of machine, on disks of `size` bytes each. */
export function layout(volumes: readonly VolumeSpec[], size: number): DiskLayout[] {
  const disks = new Map<string, Segment[]>([['', []]])
  for (const volume of withEphemeral(volumes)) {
    const selector = volume.disk_selector_match?.trim() ?? ''
    const where = /^system_disk$/.test(selector) ? '' : selector
    disks.set(where, [...(disks.get(where) ?? []), wish(volume, size)])
  }
  return [...disks].map(([selector, wishes]) => fill(selector, size, wishes))
}

/** The configs that hold at a place: its own before those of the role, before the cluster's. */
export function inForce<V extends { name: string; place: string }>(
  volumes: readonly V[],
  places: readonly string[],
): V[] {
  const found = new Map<string, V>()
  for (const place of places)
    for (const one of volumes) if (one.place === place) found.set(one.name, one)
  return [...found.values()]
}

/** Where each segment is drawn, in units of a drawing `width` wide; small ones stay visible. */
export function spans(segments: readonly Segment[], width: number, least = 10): [number, number][] {
  const total = segments.reduce((sum, one) => sum + one.size, 0) || 1
  const raw = segments.map((one) => Math.max(least, (one.size / total) * width))
  const scale = width / raw.reduce((sum, one) => sum + one, 0)
  let at = 0
  return raw.map((one) => {
    const from = at
    at += one * scale
    return [from, one * scale]
  })
}
