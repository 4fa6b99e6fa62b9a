import { describe, expect, it } from 'vitest'
import { inForce, layout, sizeOf, spans, type VolumeSpec } from './disk'

const GB = 1000 ** 3
const unsaid = { disk_selector_match: null, min_size: null, max_size: null, grow: null }
const volume = (name: string, more: Partial<VolumeSpec> = {}): VolumeSpec => ({
  ...unsaid,
  name,
  kind: 'system',
  ...more,
})

describe('sizeOf', () => {
  it.each([
    ['100GB', 100 * GB],
    ['2.5GiB', 2684354560],
    ['1,024', 1024],
    ['10 mi', 10 * 1024 ** 2],
    ['80%', 80 * GB],
    ['-10GB', 90 * GB],
    ['-10%', 90 * GB],
  ])('%s', (text, bytes) => expect(sizeOf(text, 100 * GB)).toBe(bytes))

  it.each(['', null, 'much', '10XB', '1.2.3GB'])('%s is no size', (text) => {
    expect(sizeOf(text, 100)).toBeNull()
  })
})

describe('layout', () => {
  it('gives EPHEMERAL the rest when nothing is said', () => {
    const [disk] = layout([], 500 * GB)
    const names = disk!.segments.map((one) => one.name)
    expect(names).toEqual(['EFI', 'META', 'STATE', 'EPHEMERAL'])
    expect(disk!.segments.reduce((sum, one) => sum + one.size, 0)).toBe(500 * GB)
  })

  it('leaves free what a maximum leaves over', () => {
    const [disk] = layout([volume('EPHEMERAL', { max_size: '100GB' })], 500 * GB)
    const [ephemeral, free] = disk!.segments.slice(-2)
    expect([ephemeral!.name, ephemeral!.size]).toEqual(['EPHEMERAL', 100 * GB])
    expect(free!.kind).toBe('free')
    expect(free!.size).toBeGreaterThan(395 * GB)
  })

  it('draws volumes with a selector on a disk of their own', () => {
    const nvme = 'disk.transport == "nvme"'
    const raw = volume('ceph', { kind: 'raw', disk_selector_match: nvme, min_size: '50GB' })
    const disks = layout([raw], 200 * GB)
    expect(disks.map((disk) => disk.selector)).toEqual(['', nvme])
    expect(disks[1]!.segments).toMatchObject([{ name: 'ceph', size: 200 * GB }])
  })

  it('knows the system disk by its CEL name', () => {
    const own = volume('data', { kind: 'user', disk_selector_match: 'system_disk' })
    expect(layout([own], 200 * GB)).toHaveLength(1)
  })

  it('shows that EPHEMERAL without a maximum leaves nothing to volumes beside it', () => {
    const where = { kind: 'user', disk_selector_match: 'system_disk', min_size: '50GB' }
    const [greedy] = layout([volume('data', where)], 100 * GB)
    expect(greedy!.segments.at(-1)).toMatchObject({ name: 'data', kind: 'missing', size: 0 })
    expect(greedy!.short).toBe(50 * GB)
    const limited = [volume('EPHEMERAL', { max_size: '40GB' }), volume('data', where)]
    const [shared] = layout(limited, 100 * GB)
    expect(shared!.short).toBe(0)
    expect(shared!.segments.at(-1)).toMatchObject({ name: 'data', kind: 'user' })
  })

  it('says how much is missing', () => {
    const [disk] = layout([volume('EPHEMERAL', { min_size: '100GB' })], 64 * GB)
    expect(disk!.segments.at(-1)!.kind).toBe('missing')
    expect(disk!.short).toBeGreaterThan(36 * GB)
  })
})

it('takes the most special config of a volume, whole', () => {
  const rows = [
    { name: 'EPHEMERAL', place: 'device:4', id: 3 },
    { name: 'EPHEMERAL', place: 'cluster', id: 1 },
    { name: 'IMAGECACHE', place: 'worker', id: 2 },
    { name: 'OTHER', place: 'controlplane', id: 4 },
  ]
  const ids = (places: string[]) => inForce(rows, places).map((row) => row.id)
  expect(ids(['cluster', 'worker', 'device:4'])).toEqual([3, 2])
  expect(ids(['cluster'])).toEqual([1])
})

it('keeps small segments visible and fills the drawing', () => {
  const [disk] = layout([], 4000 * GB)
  const found = spans(disk!.segments, 1000)
  expect(Math.min(...found.map(([, width]) => width))).toBeGreaterThan(9)
  const [from, width] = found.at(-1)!
  expect(from + width).toBeCloseTo(1000)
})
