import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ApiError } from './errors'
import { LiveStream, type LiveState } from './live'

const { newest } = vi.hoisted(() => ({ newest: vi.fn<() => Promise<{ newest_id: number }>>() }))
vi.mock('./client', () => ({ api: { GET: newest }, ok: (asked: unknown) => asked }))

class FakeSource extends EventTarget {
  static readonly CLOSED = 2
  static opened: FakeSource[] = []
  readyState = 0
  onopen: (() => void) | null = null
  onerror: (() => void) | null = null
  constructor(readonly url: string) {
    super()
    FakeSource.opened.push(this)
  }
  close(): void {
    this.readyState = 2
  }
  open(): void {
    this.readyState = 1
    this.onopen?.()
  }
  fail(closed: boolean): void {
    this.readyState = closed ? 2 : 0
    this.onerror?.()
  }
  say(type: string, id: number, data: unknown): void {
    const init = { data: JSON.stringify(data), lastEventId: String(id) }
    this.dispatchEvent(new MessageEvent(type, init))
  }
}

function last(): FakeSource {
  const source = FakeSource.opened.at(-1)
  if (!source) throw new Error('nothing opened')
  return source
}

let states: LiveState[]
let got: number[]
let resets: number
let stream: LiveStream

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('EventSource', FakeSource)
  FakeSource.opened = []
  states = []
  got = []
  resets = 0
  newest.mockReset().mockResolvedValue({ newest_id: 0 })
  stream = new LiveStream({
    state: (state) => states.push(state),
    events: (events) => got.push(...events.map((event) => event.id)),
    reset: () => (resets += 1),
  })
  stream.start()
})

afterEach(() => {
  stream.stop()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('the live stream', () => {
  test('hands events on and is live', () => {
    last().open()
    last().say('events', 5, [{ id: 4 }, { id: 5 }])
    expect(got).toEqual([4, 5])
    expect(states).toEqual(['opening', 'live'])
  })

  test('says stale when the connection is lost, and resumes where it was', async () => {
    last().open()
    last().say('events', 41, [{ id: 41 }])
    last().fail(true)
    expect(states.at(-1)).toBe('stale')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(last().url).toBe('/api/v1/events?last_event_id=41')
    last().open()
    expect(states.at(-1)).toBe('live')
    expect(resets).toBe(0)
  })

  test('a reconnection by the browser within moments is not stale', async () => {
    last().open()
    last().fail(false)
    await vi.advanceTimersByTimeAsync(2_000)
    last().open()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(states).toEqual(['opening', 'live'])
  })

  test('a browser that tries in vain every two seconds is stale', async () => {
    last().open()
    for (let tries = 0; tries < 3; tries += 1) {
      last().fail(false)
      await vi.advanceTimersByTimeAsync(2_000)
    }
    expect(states.at(-1)).toBe('stale')
  })

  test('what was missed without an id to resume from is fetched anew', async () => {
    last().open()
    last().fail(true)
    await vi.advanceTimersByTimeAsync(1_000)
    last().open()
    expect(resets).toBe(1)
  })

  test('the server can ask for a reset', () => {
    last().open()
    last().say('reset', 90, { reason: 'missed' })
    expect(resets).toBe(1)
  })

  test('silence while the server has news means the stream is dead', async () => {
    last().open()
    last().say('events', 7, [{ id: 7 }])
    newest.mockResolvedValue({ newest_id: 9 })
    await vi.advanceTimersByTimeAsync(34_000)
    expect(states.at(-1)).toBe('stale')
  })

  test('a stream that is pinged is alive, and nobody is asked', async () => {
    last().open()
    for (let pings = 0; pings < 8; pings += 1) {
      await vi.advanceTimersByTimeAsync(15_000)
      last().say('ping', 7, {})
    }
    expect(states.at(-1)).toBe('live')
    expect(newest).not.toHaveBeenCalled()
    last().fail(true)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(last().url).toBe('/api/v1/events?last_event_id=7')
  })

  test('silence while nothing happens is fine', async () => {
    last().open()
    last().say('events', 7, [{ id: 7 }])
    newest.mockResolvedValue({ newest_id: 7 })
    await vi.advanceTimersByTimeAsync(120_000)
    expect(states.at(-1)).toBe('live')
  })

  test('a session that ended is not retried for ever', async () => {
    last().open()
    newest.mockRejectedValue(new ApiError(401, 'unauthorized', 'sign in'))
    last().fail(true)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(FakeSource.opened).toHaveLength(1)
    expect(newest).toHaveBeenCalledTimes(1)
  })

  test('a stopped stream stays stopped', async () => {
    last().open()
    last().fail(true)
    stream.stop()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(FakeSource.opened).toHaveLength(1)
    expect(states.at(-1)).toBe('off')
  })
})
