import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { EtcdMember, Health, Work } from '@/api/types'
import ClusterStatus from '@/features/clusters/ClusterStatus.vue'
import { answering, Refusal, shown, signInAs } from '@/testing'
import { memberWords, quorumOf } from './health'
import UpgradeTalos from './UpgradeTalos.vue'
import { isVersion, stepWarning, within } from './versions'

const member = (hostname: string, what: Partial<EtcdMember> = {}): EtcdMember => ({
  id: hostname,
  hostname,
  device_id: 1,
  learner: false,
  leader: false,
  healthy: true,
  ...what,
})
const cluster = {
  id: 1,
  name: 'lab',
  talos_version: 'v1.12.11',
  kubernetes_version: '1.34.1',
}
const before: Health = {
  bootstrapped: false,
  etcd: [],
  quorum: 0,
  etcd_healthy: false,
  nodes_ready: 0,
  nodes: 1,
  healthy: false,
  problems: [],
}
const up: Health = {
  ...before,
  bootstrapped: true,
  etcd: [member('cp-1', { leader: true }), member('cp-2'), member('cp-3', { healthy: false })],
  quorum: 2,
  etcd_healthy: true,
  nodes_ready: 2,
  nodes: 3,
  problems: ['cp-3: its API does not answer'],
}
const work: Work = {
  id: 5,
  cluster_id: 1,
  cluster: 'lab',
  kind: 'bring_up',
  params: {},
  state: 'stopped',
  steps: [
    { name: 'etcd', title: 'etcd begins', state: 'done', said: 'on cp-1', at: null },
    { name: 'ready', title: 'Every node is ready', state: 'failed', said: 'w-1 is gone' },
    { name: 'kubeconfig', title: 'The kubeconfig', state: 'todo', said: '' },
  ],
  said: 'w-1 did not become ready within an hour; look at its console',
  asked_by: 'omar',
  asked_at: '2026-11-21T10:00:00Z',
  updated_at: '2026-11-21T10:10:00Z',
  ended_at: null,
}
const ended: Work = { ...work, state: 'done', said: '', ended_at: '2026-11-21T10:04:12Z' }
const plane = {
  device_id: 7,
  hostname: 'cp-1',
  boot_mac: null,
  state: 'running',
  cluster_id: 1,
  role: 'controlplane',
}
const HEALTH = 'GET /api/v1/clusters/1/health'
const WORKS = 'GET /api/v1/clusters/1/works'
const HOUSE = {
  'GET /api/v1/clusters/1/members': [plane],
  'GET /api/v1/nodes': [],
}

beforeEach(() => signInAs('operator'))
afterEach(() => document.body.replaceChildren())

function button(text: string): HTMLButtonElement {
  const all = [...document.body.querySelectorAll('button')]
  const found = all.find((one) => one.textContent.trim() === text)
  if (!found) throw new Error(`no button ${text}`)
  return found
}

describe('the quorum', () => {
  test('is said as a sum', () => {
    expect(quorumOf(up).said).toBe('3 with a vote, 2 must be up, 2 are: none may be lost.')
    const one = { etcd: [member('cp-1')], quorum: 1 }
    expect(quorumOf(one).said).toBe('1 with a vote, 1 must be up, 1 is: none may be lost.')
  })

  test('does not count learners, and knows when it is lost', () => {
    const etcd = [
      member('a', { healthy: false }),
      member('b', { healthy: false }),
      member('c'),
      member('d', { learner: true }),
    ]
    expect(quorumOf({ etcd, quorum: 2 })).toMatchObject({ voters: 3, up: 1, spare: -1 })
    expect(etcd.map(memberWords).at(-1)).toBe('learner, no vote yet')
  })
})

describe('a version', () => {
  test('is whole or nothing', () => {
    expect(['v1.13.2', '1.13.2', 'v1.14.0-rc.1', 'v1.13', '1.13.2; rm'].map(isVersion)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ])
  })

  test('warns of steps back and of leaps', () => {
    expect(stepWarning('v1.12.11', 'v1.13.2')).toBe('')
    expect(stepWarning('v1.12.11', '1.12.11')).toContain('of this version')
    expect(stepWarning('v1.12.11', 'v1.11.9')).toContain('older')
    expect(stepWarning('v1.12.11', 'v1.14.0')).toContain('skips 1 minor version:')
  })

  test('is offered when one can go there', () => {
    const all = ['v1.11.9', 'v1.12.10', 'v1.12.12', 'v1.13.0', 'v1.14.0', 'nonsense']
    expect(within(all, 'v1.12.11')).toEqual(['v1.12.12', 'v1.13.0'])
  })
})

describe('the status of a cluster', () => {
  test('begins with the bring-up, once there is a control plane', async () => {
    const asked = answering({
      ...HOUSE,
      [HEALTH]: before,
      [WORKS]: [],
      'POST /api/v1/clusters/1/bring-up': work,
    })
    const page = await shown(ClusterStatus, { cluster })
    expect(page.get('[aria-label="Control planes"]').text()).toContain('Not heard of yet')
    await page.get('form').trigger('submit')
    await flushPromises()
    expect(asked.find(({ what }) => what.endsWith('bring-up'))?.body).toEqual({})
  })

  test('cannot begin without a control plane, and says so', async () => {
    answering({
      ...HOUSE,
      [HEALTH]: before,
      [WORKS]: [],
      'GET /api/v1/clusters/1/members': [],
    })
    const page = await shown(ClusterStatus, { cluster })
    expect(button('Bring up').disabled).toBe(true)
    expect(page.text()).toContain('No control plane belongs to it yet')
  })

  test('shows what stopped and why, and goes on from there', async () => {
    const asked = answering({
      ...HOUSE,
      [HEALTH]: up,
      [WORKS]: [work, ended],
      'POST /api/v1/works/5/retry': { ...work, state: 'running' },
    })
    const page = await shown(ClusterStatus, { cluster })
    expect(page.get('.why').text()).toContain('w-1 did not become ready')
    expect(page.get('[aria-label=Steps]').text()).toContain('w-1 is gone')
    expect(page.text()).toContain('2 with a vote'.replace('2', '3'))
    expect(page.text()).toContain('cp-3: its API does not answer')
    expect(button('Upgrade Talos…').disabled).toBe(true)
    expect(button('Upgrade Talos…').title).toContain('not over')
    button('Try again from here').click()
    await flushPromises()
    expect(asked.map(({ what }) => what)).toContain('POST /api/v1/works/5/retry')
  })

  test('abandons only after a second Yes, and shows a refusal there', async () => {
    const asked = answering({
      ...HOUSE,
      [HEALTH]: up,
      [WORKS]: [work],
      'POST /api/v1/works/5/abandon': new Refusal(409, 'busy', 'it is just being tried again'),
    })
    await shown(ClusterStatus, { cluster })
    button('Abandon…').click()
    await flushPromises()
    expect(asked.some(({ what }) => what.startsWith('POST'))).toBe(false)
    button('Abandon').click()
    await flushPromises()
    expect(document.body.querySelector('.el-dialog [role=alert]')?.textContent).toContain(
      'it is just being tried again',
    )
  })

  test('ends with the way in', async () => {
    await signInAs('admin')
    answering({ ...HOUSE, [HEALTH]: up, [WORKS]: [ended] })
    const page = await shown(ClusterStatus, { cluster })
    expect(page.text()).toContain('It is up: your way in')
    const links = page.findAll('a').map((link) => link.attributes('href'))
    expect(links).toContain('/clusters/lab?tab=secrets')
    expect(page.text()).toContain('4 min 12 s')
  })
})

test('an upgrade needs a whole version, and shows the server’s refusal', async () => {
  const refusal = new Refusal(409, 'quorum_lost', 'etcd of 1 members needs 1 up')
  const asked = answering({
    'GET /api/v1/images/versions': { items: [] },
    'GET /api/v1/images/schematics': [],
    'POST /api/v1/clusters/1/upgrade-talos': refusal,
  })
  const page = await shown(UpgradeTalos, { open: false, cluster })
  await page.setProps({ open: true })
  await flushPromises()
  expect(button('Upgrade, node by node').disabled).toBe(true)
  const field = document.body.querySelector<HTMLInputElement>('.el-dialog input')
  if (!field) throw new Error('no field')
  field.value = 'v1.13.2'
  field.dispatchEvent(new Event('input'))
  await flushPromises()
  document.body.querySelector('form')?.dispatchEvent(new Event('submit', { cancelable: true }))
  await flushPromises()
  expect(asked.find(({ what }) => what.startsWith('POST'))?.body).toEqual({ version: 'v1.13.2' })
  expect(document.body.textContent).toContain('etcd of 1 members needs 1 up')
})
