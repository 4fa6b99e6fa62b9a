import { effectScope, nextTick, ref } from 'vue'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { machineName } from './machineStates'
import { searchText } from './devices'
import { useDebounced } from './useDebounced'
import { roomsOf } from './useLiveQueries'
import { useToasts } from './useToasts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('search', () => {
  test.each([
    ['52-54-00-AB', '52:54:00:ab'],
    ['5254.00ab.cdef', '52:54:00:ab:cd:ef'],
    [' worker-1 ', 'worker-1'],
    ['10.0.0.1', '10.0.0.1'],
    ['dell', 'dell'],
  ])('%s is looked up as %s', (typed, asked) => {
    expect(searchText(typed)).toBe(asked)
  })

  test('typing writes once, after a pause', async () => {
    const target = ref('')
    const scope = effectScope()
    const typed = scope.run(() => useDebounced(target, 200))
    if (!typed) throw new Error('no scope')
    typed.value = 'd'
    typed.value = 'de'
    expect([typed.value, target.value]).toEqual(['de', ''])
    vi.advanceTimersByTime(200)
    expect(target.value).toBe('de')
    target.value = 'from the URL'
    await nextTick()
    expect(typed.value).toBe('from the URL')
    scope.stop()
  })
})

describe('live events', () => {
  test('make old what they touch', () => {
    expect(roomsOf({ kind: 'decided' })).toContain('devices')
    expect(roomsOf({ kind: 'image_progress' })).toEqual(expect.arrayContaining(['images']))
    expect(roomsOf({ kind: 'image_progress' })).not.toContain('devices')
    expect(roomsOf({ kind: 'never_heard_of' })).toContain('devices')
    expect(roomsOf({ kind: 'node_state' })).toEqual(expect.arrayContaining(['nodes', 'devices']))
    expect(roomsOf({ kind: 'node_step' })).not.toContain('nodes')
    expect(roomsOf({ kind: 'work_step' })).toEqual(expect.arrayContaining(['works', 'nodes']))
    expect(roomsOf({ kind: 'work_step' })).not.toContain('clusters')
    expect(roomsOf({ kind: 'work_ended' })).toEqual(expect.arrayContaining(['works', 'clusters']))
    expect(roomsOf({ kind: 'server_status' })).toEqual(expect.arrayContaining(['servers', 'home']))
    expect(roomsOf({ kind: 'server_status' })).not.toContain('devices')
    expect(roomsOf({ kind: 'server_gone' })).toContain('accounts')
    expect(roomsOf({ kind: 'server_arrived' })).toContain('devices')
    expect(roomsOf({ kind: 'approved' })).toEqual(expect.arrayContaining(['servers', 'devices']))
    expect(roomsOf({ kind: 'account_changed' })).toEqual(
      expect.arrayContaining(['accounts', 'providers', 'servers']),
    )
  })
})

describe('toasts', () => {
  test('a success fades, an error stays until it is read', () => {
    const { toasts, done, failed, dismiss } = useToasts()
    done('saved')
    failed(new Error('refused'))
    vi.advanceTimersByTime(60_000)
    expect(toasts.value.map((toast) => toast.text)).toEqual(['refused'])
    for (const toast of toasts.value) dismiss(toast.id)
    expect(toasts.value).toEqual([])
  })
})

test('a machine is called by hostname, else make and model, else MAC', () => {
  const bare = { id: 3, hostname: null, vendor: null, product: null, macs: ['52:54:00:00:00:01'] }
  expect(machineName(bare)).toBe('52:54:00:00:00:01')
  expect(machineName({ ...bare, vendor: 'HPE' })).toBe('HPE')
  expect(machineName({ ...bare, hostname: 'w1', vendor: 'HPE' })).toBe('w1')
  expect(machineName({ ...bare, macs: [] })).toBe('machine 3')
})
