import { describe, expect, test } from 'vitest'
import type { BulkResult, Device } from '@/api/types'
import { outcome } from './actions'
import { approvalOf, approveBody, approveCommand, emptyApproval } from './approval'
import { changesOf, draftOf } from './draft'
import { known, ROLES } from './filters'
import { parameterLines, parseParameters } from './parameters'
import { confirmName, possible } from './possible'
import { compared, stepDetail, stepTitle } from './steps'

const machine = {
  id: 7,
  state: 'pending',
  macs: ['52:54:00:00:00:07', '52:54:00:00:00:08'],
  hostname: null,
  role: 'worker',
  notes: '',
  tags: ['rack-1'],
  handover: 'sanboot',
} as unknown as Device

describe('an approval', () => {
  test('sends only what was said', () => {
    expect(approveBody({ ...emptyApproval(), role: 'worker', hostname: ' w1 ' })).toEqual({
      role: 'worker',
      hostname: 'w1',
    })
  })

  test('leaves out a disk nobody could own', () => {
    const wanted = { ...emptyApproval(), install_disk: '/dev/sda' }
    expect(approveBody(wanted)).toEqual({})
    expect(approveBody({ ...wanted, cluster: 'lab' })).toEqual({
      cluster: 'lab',
      install_disk: '/dev/sda',
    })
  })

  test('starts from what is known', () => {
    expect(approvalOf(machine, 'lab')).toMatchObject({
      role: 'worker',
      cluster: 'lab',
      hostname: '',
    })
  })

  test('is a command too, and its words cannot break out of it', () => {
    expect(approveCommand(machine, { role: 'worker' })).toBe(
      'ktizo devices approve 52:54:00:00:00:07 --role worker',
    )
    expect(approveCommand(machine, { profile: "a'; rm -rf /" })).toContain(
      `--profile 'a'\\''; rm -rf /'`,
    )
    const wanted = {
      cluster: 'lab',
      install_disk: '/dev/disk/by-id/ata x',
      role: 'worker' as const,
    }
    expect(approveCommand(machine, wanted)).toBe(
      "ktizo devices approve 52:54:00:00:00:07 --role worker --cluster lab --install-disk '/dev/disk/by-id/ata x'",
    )
  })
})

describe('an edit', () => {
  test('sends only what changed', () => {
    const draft = { ...draftOf(machine), hostname: 'W1', tags: ['rack-1'] }
    expect(changesOf(machine, draft)).toEqual({ hostname: 'w1' })
  })

  test('an emptied field becomes none', () => {
    expect(changesOf(machine, { ...draftOf(machine), role: '' })).toEqual({ role: null })
  })
})

describe('what can be done', () => {
  test('a running machine is not approved, it is reinstalled', () => {
    expect(possible('running')).toMatchObject({ approve: false, reinstall: true, restore: false })
  })

  test('a contested machine can only be settled or rejected', () => {
    expect(possible('conflict')).toEqual({
      approve: false,
      reject: true,
      restore: false,
      reinstall: false,
      ran: false,
    })
  })

  test('erasing asks for the hostname, else the MAC', () => {
    expect(confirmName(machine)).toBe('52:54:00:00:00:07')
    expect(confirmName({ ...machine, hostname: 'w1' })).toBe('w1')
  })
})

test('a bulk action tells what was refused and why', () => {
  const fine: BulkResult = { id: 1, ok: true, state: 'approved', code: null, message: null }
  const refused: BulkResult = {
    id: 2,
    ok: false,
    state: null,
    code: 'wrong_state',
    message: 'it is running',
  }
  expect(outcome([fine], 'approved')).toEqual({ ok: true, text: '1 approved' })
  expect(outcome([fine, refused], 'approved')).toEqual({
    ok: false,
    text: '1 approved, 1 refused: machine 2: it is running',
  })
})

describe('a step', () => {
  test('is told in words, and unknown kinds still are', () => {
    expect(stepTitle('kernel_sent')).toBe('Fetched the kernel')
    expect(stepTitle('brand_new')).toBe('brand new')
  })

  test('shows its few useful facts', () => {
    const data = { action: 'local_disk', rule: 'unknown', secret: { a: 1 } }
    expect(stepDetail({ data, count: 3 })).toBe('local disk · unknown · 3 times')
  })

  test('is slow only against the fleet, and a mark counts once', () => {
    const at = (s: number) => new Date(1_700_000_000_000 + s * 1_000).toISOString()
    const steps = [
      { id: 1, at: at(0), kind: 'script_asked' },
      { id: 2, at: at(1), kind: 'decided' },
      { id: 3, at: at(9), kind: 'kernel_sent' },
      { id: 4, at: at(9.4), kind: 'initrd_sent' },
      { id: 5, at: at(30), kind: 'kernel_sent' },
    ]
    const times = (step: 'kernel' | 'initrd', since: 'script' | 'kernel', p50_ms: number) => ({
      step,
      since,
      p50_ms,
      p95_ms: null,
      boots: 9,
    })
    const medians = [times('kernel', 'script', 2_000), times('initrd', 'kernel', 10)]
    expect([...compared(steps, medians)]).toEqual([
      [3, { since: 'script', ms: 9_000, median_ms: 2_000, pace: 'very-slow' }],
      [4, { since: 'kernel', ms: 400, median_ms: 10, pace: 'usual' }],
    ])
    expect(compared(steps, []).size).toBe(0)
  })
})

describe('parameters', () => {
  test('survive the form', () => {
    const parameters = { key: 'a=b\\n', cert: 'one\ntwo' }
    expect(parseParameters(parameterLines(parameters)).parameters).toEqual(parameters)
  })

  test('name the line that is none', () => {
    expect(parseParameters('fine=1\n=x').problem).toContain('=x')
  })
})

test('a link may say anything; only words of a filter are asked for', () => {
  expect(known(['worker', 'toString', 'admin', '__proto__'], ROLES)).toEqual(['worker'])
  expect(known([], ROLES)).toEqual([])
})
