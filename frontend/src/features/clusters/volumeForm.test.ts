import { expect, it } from 'vitest'
import type { Volume } from '@/api/types'
import { volumeChange, volumeForm, volumeProblems } from './volumeForm'

const VOLUME: Volume = {
  id: 1,
  name: 'ceph',
  kind: 'raw',
  disk_selector_match: 'disk.transport == "nvme"',
  min_size: '100GB',
  max_size: null,
  grow: false,
  cluster_id: 1,
  place: 'device:4',
  device_id: 4,
  created_at: '',
  updated_at: '',
}

it('comes back from the form as it went in', () => {
  expect(volumeChange(volumeForm(VOLUME, 'cluster'), '1')).toEqual({
    name: 'ceph',
    kind: 'raw',
    disk_selector_match: 'disk.transport == "nvme"',
    min_size: '100GB',
    max_size: null,
    grow: false,
    cluster: '1',
    role: null,
    device_id: 4,
  })
})

it('is for the place that is looked at, and says a role as a role', () => {
  const change = volumeChange(volumeForm(null, 'worker'), 'prod')
  expect(change).toMatchObject({ name: 'EPHEMERAL', role: 'worker', device_id: null, grow: null })
  expect(volumeChange(volumeForm(null, 'cluster'), 'prod')).toMatchObject({ role: null })
})

it('puts what Talos would refuse at the field it came from', () => {
  const document = 'RawVolumeConfig/ceph'
  const findings = [
    { document, path: 'provisioning.minSize', reason: 'not a size' },
    { document: 'VolumeConfig/EPHEMERAL', path: 'provisioning.maxSize', reason: 'another volume' },
    { document, path: 'encryption', reason: 'no field of ours' },
  ]
  expect(volumeProblems(findings, 'ceph')).toEqual({ min_size: 'not a size' })
})
