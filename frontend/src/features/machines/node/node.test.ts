import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { TalosNode } from '@/api/types'
import { answering, Refusal, shown, signInAs } from '@/testing'
import NodeNotice from './NodeNotice.vue'
import NodePanel from './NodePanel.vue'

const machine = { id: 7, state: 'running', macs: ['52:54:00:00:00:07'], hostname: 'cp-1' }
const place = { device_id: 7, cluster_id: 1, cluster: 'lab', role: 'controlplane' }
const node: TalosNode = {
  device_id: 7,
  hostname: 'cp-1',
  role: 'controlplane',
  cluster_id: 1,
  cluster: 'lab',
  state: 'running',
  since: '2026-11-21T10:00:00Z',
  address: '10.20.0.50',
  ready: false,
  unmet: [{ name: 'nodeReady', reason: 'node "cp-1" is not ready' }],
  talos_version: 'v1.12.11',
  schematic: null,
  drift: [],
  trouble: null,
  answered_at: '2026-11-21T10:00:00Z',
}
const SERVICES = 'GET /api/v1/nodes/7/services'
const services = [
  { id: 'etcd', state: 'Running', healthy: true, health_message: '' },
  { id: 'kubelet', state: 'Waiting', healthy: false, health_message: 'no route' },
  { id: 'auditd', state: 'Running', healthy: null, health_message: '' },
]
const QUORUM = 'etcd of 3 members needs 2 up and would have 1 while cp-1 is away'

beforeEach(() => signInAs('operator'))
afterEach(() => document.body.replaceChildren())

function button(text: string): HTMLButtonElement {
  const all = [...document.body.querySelectorAll('button')]
  const found = all.find((one) => one.textContent.trim() === text)
  if (!found) throw new Error(`no button ${text}`)
  return found
}

async function type(text: string): Promise<void> {
  const input = document.body.querySelector<HTMLInputElement>('.el-dialog input.el-input__inner')
  if (!input) throw new Error('no field')
  input.value = text
  input.dispatchEvent(new Event('input'))
  await flushPromises()
}

test('a node shows what it waits for and what its services say', async () => {
  answering({ [SERVICES]: services })
  const page = await shown(NodePanel, { machine, node, place })
  expect(page.get('[aria-label="What it waits for"]').text()).toContain('node "cp-1" is not ready')
  const rows = page.findAll('tbody tr').map((row) => row.text())
  expect(rows[1]).toContain('not healthy')
  expect(rows[1]).toContain('no route')
  expect(rows[2]).toContain('not checked')
})

test('force is offered only after the sum was shown', async () => {
  let refusals = 1
  const asked = answering({
    [SERVICES]: services,
    'POST /api/v1/nodes/7/order': () =>
      refusals-- > 0 ? new Refusal(409, 'quorum_lost', QUORUM) : node,
  })
  await shown(NodePanel, { machine, node, place })
  button('Restart…').click()
  await flushPromises()
  expect(document.body.querySelector('.el-dialog .check')).toBeNull()
  await type('cp-1')
  button('Restart').click()
  await flushPromises()
  expect(document.body.querySelector('.el-dialog [role=alert]')?.textContent).toContain(QUORUM)
  const force = document.body.querySelector<HTMLInputElement>('.el-dialog .check input')
  force?.click()
  await flushPromises()
  button('Restart').click()
  await flushPromises()
  const orders = asked.filter(({ what }) => what === 'POST /api/v1/nodes/7/order')
  expect(orders.map(({ body }) => body)).toEqual([
    { order: 'reboot', force: false },
    { order: 'reboot', force: true },
  ])
})

test('a member is removed by its name, and by default only its system disk is wiped', async () => {
  const asked = answering({
    [SERVICES]: services,
    'POST /api/v1/clusters/lab/remove-member': { id: 3 },
  })
  await shown(NodePanel, { machine, node, place })
  button('Remove from lab…').click()
  await flushPromises()
  await type('cp-2')
  expect(button('Remove and wipe').disabled).toBe(true)
  await type('cp-1')
  button('Remove and wipe').click()
  await flushPromises()
  expect(asked.find(({ what }) => what.endsWith('remove-member'))?.body).toEqual({
    device_id: 7,
    confirm: 'cp-1',
    wipe: 'system-disk',
    force: false,
  })
})

test('a config is compared before it is given, in the mode the node would use', async () => {
  const plan = {
    device_id: 7,
    differs: true,
    diff: '--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new',
    mode: 'reboot',
    said: 'Applied configuration with a reboot',
    warnings: [],
  }
  const asked = answering({
    [SERVICES]: services,
    'GET /api/v1/nodes/7/config-plan': plan,
    'POST /api/v1/clusters/lab/apply-config': { id: 4 },
  })
  const page = await shown(NodePanel, { machine, node, place })
  expect(asked.map(({ what }) => what)).toEqual([SERVICES])
  button('Compare with the node').click()
  await flushPromises()
  expect(page.text()).toContain('Applied configuration with a reboot')
  expect(page.get('.gone').text()).toBe('-old')
  await page.get('form').trigger('submit')
  await flushPromises()
  expect(asked.find(({ what }) => what.endsWith('apply-config'))?.body).toEqual({
    device_ids: [7],
    mode: 'auto',
  })
})

test('trouble and drift stand in plain sight, and only then', async () => {
  const fine = await shown(NodeNotice, { node })
  expect(fine.text()).toBe('')
  const trouble = { code: 'wrong_key', message: 'it shows another key' }
  const drift = [{ what: 'talos_version', intended: 'v1.13.0', found: 'v1.12.11' }]
  const page = await shown(NodeNotice, { node: { ...node, trouble, drift } })
  expect(page.get('[role=alert]').text()).toContain('it shows another key')
  expect(page.text()).toContain('Talos v1.12.11 where v1.13.0 is intended')
})

test('a viewer may look and not order; a machine in maintenance takes no orders', async () => {
  await signInAs('viewer')
  answering({ [SERVICES]: services })
  await shown(NodePanel, { machine, node, place })
  expect(button('Switch off…').disabled).toBe(true)
  expect(button('Switch off…').title).toContain('needs the role operator')
  document.body.replaceChildren()
  const page = await shown(NodePanel, {
    machine,
    node: { ...node, state: 'maintenance' },
    place: undefined,
  })
  expect(page.findAll('button').map((one) => one.text())).not.toContain('Restart…')
})
