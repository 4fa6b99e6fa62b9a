import { expect, it } from 'vitest'
import { marksFor, patchTitle, placeOf } from './patchMarks'

const MACHINE = 'machine:\n  sysctls:\n    a: b\n  network: {}\n'
const VOLUME =
  'apiVersion: v1alpha1\nkind: VolumeConfig\nname: EPHEMERAL\nprovisioning:\n  minSize: x\n'

it('names a patch by what it speaks of', () => {
  expect(patchTitle(MACHINE)).toBe('machine.sysctls, machine.network')
  expect(patchTitle(VOLUME)).toBe('VolumeConfig/EPHEMERAL')
  expect(patchTitle('# nothing\n')).toBe('empty')
})

it('marks the line of a finding, in the patch it is in', () => {
  const finding = {
    document: 'VolumeConfig/EPHEMERAL',
    path: 'provisioning.minSize',
    reason: 'is not a size',
  }
  expect(marksFor(VOLUME, [finding])).toEqual([
    { line: 4, message: 'provisioning.minSize: is not a size', severity: 'error' },
  ])
  expect(marksFor(MACHINE, [finding])).toEqual([])
  expect(placeOf([VOLUME, MACHINE], finding)).toEqual({ patch: 0, line: 4 })
  expect(placeOf([MACHINE], finding)).toBeNull()
})
