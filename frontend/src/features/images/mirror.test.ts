import { describe, expect, it } from 'vitest'
import type { KtizoEvent, MirrorFile } from '@/api/types'
import { builds, progressed, schematicName, share, withProgress } from './mirror'

const file = (more: Partial<MirrorFile> = {}): MirrorFile => ({
  id: 1,
  schematic: 'release',
  version: 'v1.12.11',
  arch: 'amd64',
  part: 'kernel',
  secureboot: false,
  name: 'vmlinuz-amd64',
  state: 'waiting',
  size: null,
  total: null,
  sha256: null,
  checksum_from: '',
  problem: '',
  stored_at: null,
  ...more,
})
const event = (kind: string, data: Record<string, unknown>): KtizoEvent => ({
  id: 1,
  at: '',
  kind,
  count: 1,
  data: { schematic: 'release', version: 'v1.12.11', file: 'vmlinuz-amd64', ...data },
})

it('puts files together by build, the newest version first', () => {
  const found = builds(
    [
      file({ version: 'v1.9.1' }),
      file({ version: 'v1.12.11', name: 'z', state: 'stored', size: 10 }),
      file({ version: 'v1.12.11', name: 'a', state: 'waiting', size: 5 }),
    ],
    [],
  )
  expect(found.map((build) => build.version)).toEqual(['v1.12.11', 'v1.9.1'])
  expect(found[0]!.files.map((one) => one.name)).toEqual(['a', 'z'])
  expect(found[0]!.bytes).toBe(10)
})

it('names a build by its schematic', () => {
  expect(schematicName('release', [])).toBe('Plain release')
  expect(schematicName('3765'.padEnd(64, '0'), [])).toBe('376500000000…')
})

describe('progress by events', () => {
  it('moves a file on, and lets go of it when it is there', () => {
    const coming = progressed(new Map(), [event('image_progress', { bytes: 50, total: 200 })])
    const shown = withProgress(file(), coming)
    expect([shown.state, shown.size, share(shown)]).toEqual(['coming', 50, 0.25])
    const after = progressed(coming, [event('image_stored', { bytes: 200 })])
    expect(withProgress(file(), after).state).toBe('waiting')
  })

  it('never goes back behind what was fetched, nor touches what is stored', () => {
    const coming = progressed(new Map(), [event('image_progress', { bytes: 50, total: 200 })])
    expect(withProgress(file({ state: 'coming', size: 80 }), coming).size).toBe(80)
    const stored = file({ state: 'stored', size: 200 })
    expect(withProgress(stored, coming)).toBe(stored)
  })

  it('leaves other events alone', () => {
    expect(progressed(new Map(), [event('dhcp_seen', {})]).size).toBe(0)
  })
})

it('knows no share while nobody has said the size', () => {
  expect(share(file({ state: 'coming', size: 5 }))).toBeNull()
})
