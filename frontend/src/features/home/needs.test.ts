import { describe, expect, it } from 'vitest'
import { firstSteps, needsOf } from './needs'
import type { Group, Overview } from './queries'

const NONE: Group = { total: 0, machines: [] }
const WELL: Overview = {
  by_state: {},
  pending: NONE,
  boot_loops: NONE,
  contested: NONE,
  lapsed: NONE,
  drifted: NONE,
  lan: { set_up: true, enabled: true, running: true, restarts: 0, last_error: null },
  history: { healthy: true, waiting: 0, dropped: 0, last_error: '' },
  mirror: { stored: 0, coming: [], failed: [] },
  clusters: 0,
}
const group = (total: number): Group => ({
  total,
  machines: [{ id: 7, name: 'node-7', mac: null, state: 'boot_loop', since: null }],
})

describe('what needs me', () => {
  it('is nothing when all is well', () => {
    expect(needsOf(WELL)).toEqual([])
  })

  it('is what keeps everything from working before any machine', () => {
    const overview = {
      ...WELL,
      pending: group(3),
      boot_loops: group(1),
      history: { ...WELL.history, healthy: false, last_error: 'disk is full' },
      lan: { ...WELL.lan, running: false },
    }
    expect(needsOf(overview).map((need) => need.key)).toEqual([
      'history',
      'lan',
      'boot_loops',
      'pending',
    ])
    expect(needsOf(overview)[0]?.why).toContain('disk is full')
  })

  it('leads to the one machine, or to the list of them', () => {
    const [one] = needsOf({ ...WELL, boot_loops: group(1) })
    expect(one?.action.to).toBe('/machines/7')
    expect(one?.title).toBe('1 machine in a boot loop')
    const [many] = needsOf({ ...WELL, boot_loops: group(2) })
    expect(many?.action.to).toBe('/machines?state=boot_loop')
  })

  it('leaves a LAN service alone that nobody switched on', () => {
    const lan = { ...WELL.lan, enabled: false, running: false }
    expect(needsOf({ ...WELL, lan })).toEqual([])
  })
})

describe('the first steps', () => {
  it('know which are done', () => {
    const steps = firstSteps({ ...WELL, by_state: { pending: 1 } })
    expect(steps.map((step) => [step.key, step.done])).toEqual([
      ['lan', true],
      ['images', false],
      ['cluster', false],
      ['machine', true],
    ])
  })
})
