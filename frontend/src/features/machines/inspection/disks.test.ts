import { describe, expect, test } from 'vitest'
import { disk } from '@/testing'
import { diskLine, diskValue, erased, fateOf, losses } from './disks'
import { whyNotLook } from './looks'

const sda = disk('sda')
const sdb = disk('sdb', { holds: ['a Ceph OSD'] })

describe('the disk that is erased', () => {
  test('is the one that was said, by path, WWID or serial', () => {
    for (const text of ['/dev/sdb', 'wwid:naa.sdb', ' serial:S-sdb '])
      expect(erased([sda, sdb], text, '/dev/sda')?.name).toBe('/dev/sdb')
  })

  test('is the cluster’s when nothing was said', () => {
    expect(erased([sda, sdb], '', '/dev/sda')?.name).toBe('/dev/sda')
  })

  test('is nobody’s to say when a selector, a link or a strange mark decides', () => {
    expect(erased([sda, sdb], '', null)).toBeUndefined()
    expect(erased([sda, sdb], '/dev/disk/by-id/x', '/dev/sda')).toBeUndefined()
    expect(erased([disk('sdc', { serial: '', wwid: '' })], 'serial:', null)).toBeUndefined()
  })
})

test('all others are kept; without a target nothing is promised', () => {
  expect([fateOf(sda, sdb), fateOf(sdb, sdb)]).toEqual(['keep', 'erase'])
  expect(fateOf(sda, undefined)).toBe('unclear')
  expect(fateOf(disk('sr0', { readonly: true }), undefined)).toBe('keep')
})

test('what would be lost is said in the server’s words, else counted', () => {
  const volume = {
    name: 'sda1',
    filesystem: 'ext4',
    label: '',
    partition_label: '',
    size_bytes: 1,
  }
  expect(losses(sda)).toEqual([])
  expect(losses(disk('sde', { holds: [] }))).toEqual([])
  const unknown = ['unknown: this Talos does not say what is on its disks']
  expect(losses(disk('sdf', { holds: unknown }))).toEqual(unknown)
  expect(losses(sdb)).toEqual(['a Ceph OSD'])
  expect(losses(disk('sdd', { volumes: [volume, volume] }))).toEqual([
    '2 partitions or file systems',
  ])
})

test('a disk is sent by its mark, and by its path only when it has none', () => {
  expect(diskValue(sda)).toBe('wwid:naa.sda')
  expect(diskValue(disk('vda', { install_disk: null }))).toBe('/dev/vda')
  expect(diskLine(sda)).toBe('447 GiB (480 GB) · SAMSUNG MZ7L3480 · sata · solid state')
})

test('only who is not decided upon is looked into, and the reason is said', () => {
  expect(whyNotLook('pending')).toBe('')
  expect(whyNotLook('running')).toContain('under Node')
  expect(whyNotLook('approved')).toContain('reject and restore')
})
