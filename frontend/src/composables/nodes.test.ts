import { expect, test } from 'vitest'
import type { Work } from '@/api/types'
import { driftLine, nodeState } from './nodeStates'
import { isOpen, workProgress, workTitle } from './works'

test('a drift says both sides, and shortens checksums', () => {
  expect(driftLine({ what: 'talos_version', intended: 'v1.12.11', found: 'v1.12.1' })).toBe(
    'Talos v1.12.1 where v1.12.11 is intended',
  )
  const schematic = driftLine({ what: 'schematic', intended: 'a'.repeat(64), found: '' })
  expect(schematic).toBe('Schematic none where aaaaaaaaaaaa… is intended')
})

test('a state of a newer server is shown as it is', () => {
  expect(nodeState({ state: 'unreachable' }).tone).toBe('bad')
  expect(nodeState({ state: 'defragmenting_etcd' as 'running' })).toMatchObject({
    label: 'defragmenting etcd',
    tone: 'quiet',
  })
})

test('a work says what it is and how far', () => {
  const step = (state: Work['steps'][number]['state']) => ({
    name: 'x',
    title: 'X',
    state,
    said: '',
  })
  expect(workTitle({ kind: 'upgrade_talos', params: { version: 'v1.13.2' } })).toBe(
    'Upgrade of Talos to v1.13.2',
  )
  expect(workTitle({ kind: 'bring_up', params: { first: 3 } })).toBe('Bring-up')
  const steps = [step('done'), step('skipped'), step('doing'), step('todo')]
  expect(workProgress({ steps })).toBe('2 of 4 steps')
  expect((['running', 'stopped', 'done', 'abandoned'] as const).map((state) => isOpen({ state })))
    // what stopped still keeps other work away
    .toEqual([true, true, false, false])
})
