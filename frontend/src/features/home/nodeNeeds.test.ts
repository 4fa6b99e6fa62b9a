import { expect, test } from 'vitest'
import type { TalosNode, Work } from '@/api/types'
import { nodeNeeds, workNeeds } from './nodeNeeds'

const node = (id: number, what: Partial<TalosNode>) =>
  ({
    device_id: id,
    hostname: `w-${id}`,
    cluster: 'lab',
    state: 'running',
    since: '2026-11-21T10:00:00Z',
    drift: [],
    trouble: null,
    ...what,
  }) as TalosNode
const lost = { trouble: { code: 'wrong_key', message: 'it shows another key' } }

test('nodes that are well need nobody', () => {
  expect(nodeNeeds([node(1, {}), node(2, { state: 'maintenance' })])).toEqual([])
})

test('one lost node is led to; many are led to their cluster', () => {
  const [one] = nodeNeeds([node(1, lost)])
  expect(one).toMatchObject({
    title: '1 node that cannot be talked to',
    why: 'it shows another key',
    action: { to: '/machines/1?tab=node' },
  })
  const many = nodeNeeds(Array.from({ length: 9 }, (_, index) => node(index + 1, lost)))
  expect(many[0]?.action.to).toBe('/clusters/lab?tab=members')
  expect(many[0]?.group).toMatchObject({ total: 9 })
  expect(many[0]?.group?.machines).toHaveLength(5)
})

test('drift and a stopped work say why', () => {
  const drift = [{ what: 'talos_version', intended: 'v1.13.0', found: 'v1.12.0' } as const]
  expect(nodeNeeds([node(1, { drift: [...drift] })])[0]?.why).toContain('v1.13.0 is intended')
  const work = { id: 5, kind: 'bring_up', params: {}, cluster: 'lab', said: 'etcd is ill' }
  const works = [
    { ...work, state: 'stopped' },
    { ...work, id: 6, state: 'running' },
  ] as unknown as Work[]
  expect(workNeeds(works)).toMatchObject([
    { title: 'Bring-up of lab stopped', why: 'etcd is ill', action: { to: '/clusters/lab' } },
  ])
})
