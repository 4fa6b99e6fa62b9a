import type { Volume, VolumeChange } from '@/api/types'

export interface VolumeForm {
  name: string
  kind: 'system' | 'user' | 'raw' | 'swap'
  disk_selector_match: string
  min_size: string
  max_size: string
  grow: 'default' | 'yes' | 'no'
  place: string
}

const KINDS = ['system', 'user', 'raw', 'swap'] as const

export function volumeForm(volume: Volume | null, place: string): VolumeForm {
  const grow = volume?.grow
  return {
    name: volume?.name ?? 'EPHEMERAL',
    kind: KINDS.find((kind) => kind === volume?.kind) ?? 'system',
    disk_selector_match: volume?.disk_selector_match ?? '',
    min_size: volume?.min_size ?? '',
    max_size: volume?.max_size ?? '',
    grow: grow == null ? 'default' : grow ? 'yes' : 'no',
    place: volume?.place ?? place,
  }
}

/** `device:4` and roles are said in fields of their own on the wire. */
export function volumeChange(form: VolumeForm, cluster: string): VolumeChange {
  const device = /^device:(\d+)$/.exec(form.place)
  const role = form.place === 'controlplane' || form.place === 'worker' ? form.place : null
  return {
    name: form.name.trim(),
    kind: form.kind,
    disk_selector_match: form.disk_selector_match.trim() || null,
    min_size: form.min_size.trim() || null,
    max_size: form.max_size.trim() || null,
    grow: form.grow === 'default' ? null : form.grow === 'yes',
    cluster,
    role,
    device_id: device ? Number(device[1]) : null,
  }
}

const FIELDS: Record<string, keyof VolumeForm> = {
  name: 'name',
  'provisioning.minSize': 'min_size',
  'provisioning.maxSize': 'max_size',
  'provisioning.grow': 'grow',
  'provisioning.diskSelector.match': 'disk_selector_match',
}

/** What is wrong with this volume's document, at the fields that made it. */
export function volumeProblems(
  findings: readonly { document: string; path: string; reason: string }[],
  name: string,
): Record<string, string> {
  const own = findings.filter(
    (one) => one.document.split('/')[1]?.toUpperCase() === name.toUpperCase(),
  )
  return Object.fromEntries(
    own.flatMap((one) => {
      const field = FIELDS[one.path]
      return field ? [[field, one.reason]] : []
    }),
  )
}
