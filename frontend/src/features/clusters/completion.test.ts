import { describe, expect, it } from 'vitest'
import type { DocumentNode, KnownDocuments } from '@/api/types'
import { complete } from './completion'
import { lineOf, steps } from './yamlPath'

const scalar = (noun = 'text', values: string[] = []): DocumentNode => ({
  type: 'scalar',
  noun,
  values,
})
const truth = scalar('a boolean', ['true', 'false'])
const struct = (fields: Record<string, DocumentNode>): DocumentNode => ({
  type: 'struct',
  noun: 'a mapping',
  fields,
})
const list = (item: DocumentNode): DocumentNode => ({ type: 'list', noun: 'a list', item })

const KNOWN: KnownDocuments = {
  talos_version: 'v1.12',
  kinds: [
    {
      kind: 'VolumeConfig',
      named: true,
      control_plane_only: false,
      content: struct({
        name: scalar(),
        provisioning: struct({ grow: truth, minSize: scalar('a size') }),
        encryption: struct({
          provider: scalar('one of luks2, none', ['luks2', 'none']),
          keys: list(struct({ slot: scalar('an integer'), nodeID: struct({}) })),
        }),
      }),
    },
    { kind: 'HostnameConfig', named: false, control_plane_only: false, content: struct({}) },
  ],
  legacy: struct({
    machine: struct({ sysctls: { type: 'map', noun: 'a mapping', item: scalar() } }),
    cluster: struct({ etcd: struct({ image: scalar() }) }),
  }),
}

/** Complete where the text has a `|`. */
function labels(text: string): string[] {
  const at = text.indexOf('|')
  const found = complete(KNOWN, text.replace('|', ''), at)
  return (found?.options ?? []).map((option) => option.label)
}

describe('complete', () => {
  it('offers whole documents and the keys of the v1alpha1 document at the top', () => {
    const found = labels('|')
    expect(found).toEqual(expect.arrayContaining(['VolumeConfig', 'apiVersion', 'machine']))
  })

  it('offers kinds as the value of kind', () => {
    expect(labels('apiVersion: v1alpha1\nkind: |')).toEqual(['VolumeConfig', 'HostnameConfig'])
  })

  it('offers the fields of the kind, without those that are there', () => {
    const head = 'apiVersion: v1alpha1\nkind: VolumeConfig\nname: EPHEMERAL\n'
    expect(labels(`${head}|`)).toEqual(['provisioning', 'encryption'])
    expect(labels(`${head}provisioning:\n  |`)).toEqual(['grow', 'minSize'])
    expect(labels(`${head}provisioning:\n  grow: true\n  m|`)).toEqual(['minSize'])
  })

  it('offers words where only some fit', () => {
    const head = 'kind: VolumeConfig\nencryption:\n  '
    expect(labels(`${head}provider: |`)).toEqual(['luks2', 'none'])
    expect(labels('kind: VolumeConfig\nprovisioning:\n  grow: t|')).toEqual(['true', 'false'])
  })

  it('walks into lists, at either indent', () => {
    const head = 'kind: VolumeConfig\nencryption:\n  keys:\n'
    expect(labels(`${head}    - slot: 0\n      |`)).toEqual(['nodeID'])
    expect(labels(`${head}  - |`)).toEqual(['slot', 'nodeID'])
    expect(labels(`${head}    - slot: 0\n    - |`)).toEqual(['slot', 'nodeID'])
  })

  it('looks at the document the cursor is in', () => {
    const text =
      'machine:\n  sysctls: {}\n---\napiVersion: v1alpha1\nkind: VolumeConfig\nname: A\n|'
    expect(labels(text)).toEqual(['provisioning', 'encryption'])
    expect(labels('cluster:\n  |\n---\nkind: VolumeConfig\n')).toEqual(['etcd'])
  })

  it('is quiet in comments, text blocks, and where nothing is known', () => {
    expect(labels('machine: # |')).toEqual([])
    expect(labels('kind: VolumeConfig\nname: |\n')).toEqual([])
    expect(labels('machine:\n  unknown:\n    |')).toEqual([])
  })

  it('opens what holds more, and leaves room for what is one word', () => {
    const found = complete(KNOWN, 'kind: VolumeConfig\n', 19)
    expect(found?.options.map((option) => option.apply)).toContain('provisioning:\n  ')
    const name = found?.options.find((option) => option.label === 'name')
    expect(name?.apply).toBe('name: ')
  })
})

describe('lineOf', () => {
  const TEXT = [
    'machine:',
    '  network:',
    '    interfaces:',
    '      - interface: eth0',
    '      - interface: eth1',
    '        mtu: x',
    '---',
    'apiVersion: v1alpha1',
    'kind: VolumeConfig',
    'name: EPHEMERAL',
    'provisioning:',
    '  minSize: much',
  ].join('\n')

  it.each([
    ['v1alpha1', 'machine.network.interfaces[1].mtu', 5],
    ['VolumeConfig/EPHEMERAL', 'provisioning.minSize', 11],
    ['VolumeConfig/EPHEMERAL', 'provisioning.maxSize', 10],
    ['VolumeConfig/EPHEMERAL', '', 7],
    ['document 2', 'name', 9],
  ])('%s %s', (document, path, line) => expect(lineOf(TEXT, { document, path })).toBe(line))

  it('knows nothing of documents that are not there', () => {
    expect(lineOf(TEXT, { document: 'HostnameConfig', path: 'hostname' })).toBeNull()
  })
})

it('reads a path', () => {
  expect(steps('a.b[0].c')).toEqual(['a', 'b', 0, 'c'])
})
