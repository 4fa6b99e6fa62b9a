import type { KtizoEvent, MirrorFile, Schematic } from '@/api/types'

export interface Build {
  key: string
  schematic: string
  version: string
  title: string
  files: MirrorFile[]
  bytes: number
}

export const PARTS = ['kernel', 'initramfs', 'cmdline', 'uki', 'disk', 'iso', 'installer'] as const
export const NETWORK_BOOT = ['kernel', 'initramfs', 'cmdline'] as const

/** What people call a build: its schematic's name, else the beginning of its id. */
export function schematicName(id: string, schematics: readonly Schematic[]): string {
  if (id === 'release') return 'Plain release'
  return schematics.find((one) => one.schematic_id === id)?.name ?? `${id.slice(0, 12)}…`
}

function byVersion(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}

/** The files of the mirror by build, the newest version first. */
export function builds(files: readonly MirrorFile[], schematics: readonly Schematic[]): Build[] {
  const found = new Map<string, Build>()
  for (const file of files) {
    const { schematic, version } = file
    const key = `${schematic}/${version}`
    const title = schematicName(schematic, schematics)
    const build = found.get(key) ?? { key, schematic, version, title, files: [], bytes: 0 }
    build.files.push(file)
    build.bytes += file.state === 'stored' ? (file.size ?? 0) : 0
    found.set(key, build)
  }
  for (const build of found.values()) build.files.sort((a, b) => a.name.localeCompare(b.name))
  return [...found.values()].sort(
    (a, b) => byVersion(b.version, a.version) || a.title.localeCompare(b.title),
  )
}

export type Progress = ReadonlyMap<string, { size: number; total: number | null }>

export function progressKey(file: { schematic: string; version: string; name: string }): string {
  return `${file.schematic}/${file.version}/${file.name}`
}

function number(value: unknown): number | null {
  return typeof value === 'number' ? value : null
}

/** How far files are after these events; what is stored, failed or gone is no longer on its way. */
export function progressed(before: Progress, events: readonly KtizoEvent[]): Progress {
  const now = new Map(before)
  for (const { kind, data = {} } of events) {
    if (!kind.startsWith('image_')) continue
    const { schematic, version, file } = data
    const key = [schematic, version, file].map(String).join('/')
    if (kind === 'image_progress') {
      now.set(key, { size: number(data['bytes']) ?? 0, total: number(data['total']) })
    } else now.delete(key)
  }
  return now
}

/** A file with what events said of it since it was fetched; never back in its progress. */
export function withProgress(file: MirrorFile, progress: Progress): MirrorFile {
  const live = progress.get(progressKey(file))
  if (!live || file.state === 'stored') return file
  const size = Math.max(live.size, file.state === 'coming' ? (file.size ?? 0) : 0)
  return { ...file, state: 'coming', size, total: live.total ?? file.total }
}

/** Between 0 and 1; null while nobody has said how large the file is. */
export function share(file: MirrorFile): number | null {
  if (!file.total || file.size === null) return null
  return Math.min(1, file.size / file.total)
}
