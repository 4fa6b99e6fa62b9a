import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Findings, Inspection } from '@/api/types'
import ApproveMachine from '@/features/machines/ApproveMachine.vue'
import { answering, disk, Refusal, shown, signInAs } from '@/testing'
import InspectionPanel from './InspectionPanel.vue'

const machine = {
  id: 7,
  state: 'pending',
  macs: ['52:54:00:00:00:07'],
  hostname: 'w1',
  role: 'worker',
  vendor: null,
  product: null,
}
const volume = {
  name: 'sdb1',
  filesystem: 'bluestore',
  label: '<b>osd</b>',
  partition_label: '',
  size_bytes: 1024,
}
const findings: Findings = {
  at: '2026-11-21T10:00:00Z',
  address: '10.20.0.50',
  pin: 'abc=',
  talos_version: 'v1.12.11',
  manufacturer: 'Dell Inc.',
  product: 'PowerEdge R650',
  serial: '7K3XQ53',
  uuid: '',
  cpus: ['Xeon Gold', 'Xeon Gold'],
  cores: 64,
  memory_mib: 262_144,
  cards: [],
  disks: [disk('sda'), disk('sdb', { holds: ['a Ceph OSD'], volumes: [volume] })],
  warnings: ['sdb holds a Ceph OSD'],
}
const done: Inspection = { state: 'done', boots: 0, findings }
const asked: Inspection = {
  state: 'asked',
  asked_by: 'omar',
  asked_at: '2026-11-21T10:00:00Z',
  expires_at: '2026-11-21T11:00:00Z',
  boots: 0,
}
const INSPECTION = 'GET /api/v1/devices/7/inspection'
const HOUSE = {
  'GET /api/v1/clusters': [{ id: 1, name: 'lab', install_disk: '/dev/sda' }],
  'GET /api/v1/clusters/devices/places': [
    { device_id: 7, cluster_id: 1, cluster: 'lab', role: 'worker' },
  ],
  'GET /api/v1/boot/profiles': [],
  'POST /api/v1/boot/rehearse': {
    explanation: { action: 'boot', summary: '', script: '', profile_problem: null },
    config: '',
    config_name: '',
    warnings: [],
  },
}

beforeEach(() => signInAs('operator'))
afterEach(() => document.body.replaceChildren())

function button(text: string): HTMLButtonElement {
  const all = [...document.body.querySelectorAll('button')]
  const found = all.find((one) => one.textContent.trim() === text)
  if (!found) throw new Error(`no button ${text}`)
  return found
}

async function pick(selector: string): Promise<void> {
  const input = document.body.querySelector<HTMLInputElement>(selector)
  if (!input) throw new Error(`no ${selector}`)
  input.checked = !input.checked
  input.dispatchEvent(new Event('change'))
  await flushPromises()
}

async function dialog() {
  const requests = answering({
    ...HOUSE,
    [INSPECTION]: done,
    'POST /api/v1/devices/7/approve': { ...machine, state: 'approved' },
  })
  await shown(ApproveMachine, { open: false, machine }).then((page) =>
    page.setProps({ open: true }),
  )
  await flushPromises()
  return requests
}

const fates = () =>
  [...document.body.querySelectorAll('.disk')].map((one) =>
    one.querySelector('.badge')?.textContent.trim(),
  )

test('a disk that holds something is erased only after a tick of its own', async () => {
  const requests = await dialog()
  expect(fates()).toEqual(['Erase', 'Keep'])
  expect(button('Approve').disabled).toBe(false)
  await pick('input[value="wwid:naa.sdb"]')
  expect(fates()).toEqual(['Keep', 'Erase'])
  expect(button('Approve').disabled).toBe(true)
  expect(document.body.textContent).toContain('Erase /dev/sdb, which holds a Ceph OSD')
  await pick('.agree input')
  button('Approve').click()
  await flushPromises()
  const sent = requests.find(({ what }) => what === 'POST /api/v1/devices/7/approve')
  expect(sent?.body).toMatchObject({ cluster: 'lab', install_disk: 'wwid:naa.sdb' })
})

test('agreeing to lose one disk is no agreement to lose another', async () => {
  await dialog()
  await pick('input[value="wwid:naa.sdb"]')
  await pick('.agree input')
  expect(button('Approve').disabled).toBe(false)
  await pick('input[value="wwid:naa.sda"]')
  await pick('input[value="wwid:naa.sdb"]')
  expect(button('Approve').disabled).toBe(true)
})

test('what was found is text, whatever it says', async () => {
  answering({ [INSPECTION]: done })
  const page = await shown(InspectionPanel, { machine })
  expect(page.text()).toContain('2 × Xeon Gold, 64 cores')
  expect(page.text()).toContain('256 GiB')
  expect(page.text()).toContain('<b>osd</b>')
  expect(page.get('[aria-label=Warnings]').text()).toContain('Ceph OSD')
})

test('a look is asked for, says how far it is, and is taken back', async () => {
  const requests = answering({
    [INSPECTION]: { state: 'none', boots: 0 },
    'POST /api/v1/devices/7/inspect': asked,
    'DELETE /api/v1/devices/7/inspection': { state: 'none', boots: 0 },
  })
  const page = await shown(InspectionPanel, { machine })
  expect(page.text()).toContain('Nothing is written.')
  button('Look inside').click()
  await flushPromises()
  expect(requests.map(({ what }) => what)).toContain('POST /api/v1/devices/7/inspect')
  expect(requests.find(({ what }) => what.startsWith('POST'))?.body).toEqual({})
})

test('an asked look can be taken back; a refusal stands where it was asked', async () => {
  answering({
    [INSPECTION]: asked,
    'DELETE /api/v1/devices/7/inspection': new Refusal(409, 'busy', 'it is just booting'),
  })
  const page = await shown(InspectionPanel, { machine })
  expect(page.text()).toContain('power cycle')
  button('Do not look inside').click()
  await flushPromises()
  expect(page.get('[role=alert]').text()).toContain('it is just booting')
})

test('a viewer sees, and is told why nothing can be asked', async () => {
  await signInAs('viewer')
  answering({ [INSPECTION]: done })
  await shown(InspectionPanel, { machine })
  expect(button('Look inside again').disabled).toBe(true)
  expect(button('Look inside again').title).toContain('needs the role operator')
})
