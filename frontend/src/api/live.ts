import { ApiError } from './errors'
import { api, ok } from './client'
import type { KtizoEvent } from './types'

// off: not asked for. opening: first try. live: connected. stale: what is shown may be old.
export type LiveState = 'off' | 'opening' | 'live' | 'stale'

interface Reactions {
  state: (state: LiveState) => void
  events: (events: KtizoEvent[]) => void
  reset: () => void
}

const RETRY_MS = [1_000, 2_000, 5_000, 10_000]
const QUIET_MS = 30_000 // two pings: the server sends one after 15 s without news
const GRACE_MS = 3_000

/** One EventSource that always comes back: by itself, by our retries, or by the probe.
 *
 * A stream can die without a word (a laptop wakes, a switch reboots): no error, just silence. So
 * after QUIET_MS without an event or a ping we ask which event is the newest; if it is newer than
 * ours the stream is dead, and if nobody answers we say so. */
export class LiveStream {
  private source: EventSource | null = null
  private lastId: number | null = null
  private tries = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  private probeTimer: ReturnType<typeof setTimeout> | undefined
  private grace: ReturnType<typeof setTimeout> | undefined
  private current: LiveState = 'off'
  private readonly woke = () => this.wake()

  constructor(private readonly react: Reactions) {}

  start(): void {
    if (this.current !== 'off') return
    window.addEventListener('online', this.woke)
    document.addEventListener('visibilitychange', this.woke)
    this.show('opening')
    this.open()
  }

  stop(): void {
    window.removeEventListener('online', this.woke)
    document.removeEventListener('visibilitychange', this.woke)
    this.close()
    this.lastId = null
    this.show('off')
  }

  /** Try again now, without waiting for the next retry. */
  reconnect(): void {
    if (this.current === 'off') return
    this.tries = 0
    this.close()
    this.open()
  }

  private show(state: LiveState): void {
    if (state === this.current) return
    this.current = state
    this.react.state(state)
  }

  private close(): void {
    clearTimeout(this.timer)
    this.calm()
    this.source?.close()
    this.source = null
  }

  private open(): void {
    const query = this.lastId === null ? '' : `?last_event_id=${this.lastId}`
    const source = new EventSource(`/api/v1/events${query}`)
    this.source = source
    source.onopen = () => {
      const missed = this.current === 'stale' && this.lastId === null
      this.tries = 0
      this.show('live')
      this.quiet()
      // Without an id to resume from, nobody knows what was missed: fetch everything again.
      if (missed) this.react.reset()
    }
    source.onerror = () => this.failed()
    source.addEventListener('events', (message) => this.take(message))
    source.addEventListener('ping', (message) => {
      this.remember(message)
      this.quiet()
    })
    source.addEventListener('reset', (message) => {
      this.remember(message)
      this.quiet()
      this.react.reset()
    })
  }

  private take(message: MessageEvent<string>): void {
    this.remember(message)
    this.quiet()
    this.react.events(JSON.parse(message.data) as KtizoEvent[])
  }

  private remember(message: MessageEvent<string>): void {
    const id = Number(message.lastEventId)
    if (message.lastEventId && Number.isFinite(id)) this.lastId = id
  }

  /** The server ends a stream every ten minutes to look at our rights again: that is not stale
   * yet. It is when the browser gave up, or has not come back after GRACE_MS. */
  private failed(): void {
    clearTimeout(this.probeTimer)
    if (this.source?.readyState === EventSource.CLOSED) this.lost()
    // Each try of the browser fails here again; the first one's grace goes on.
    else this.grace ??= setTimeout(() => this.lost(), GRACE_MS)
  }

  private lost(): void {
    this.close()
    this.show('stale')
    const wait = RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)]
    this.tries += 1
    this.timer = setTimeout(() => void this.retry(), wait)
  }

  /** EventSource hides the status; asking once shows a 401, which the client then acts upon. */
  private async retry(): Promise<void> {
    try {
      await this.newest()
    } catch (error) {
      if (this.current === 'off') return
      if (!(error instanceof ApiError && error.status === 401)) this.lost()
      return
    }
    if (this.current === 'stale') this.open()
  }

  private async newest(): Promise<number> {
    const query = { limit: 1 }
    const signal = AbortSignal.timeout(5_000)
    return (await ok(api.GET('/api/v1/events/recent', { params: { query }, signal }))).newest_id
  }

  private calm(): void {
    clearTimeout(this.probeTimer)
    clearTimeout(this.grace)
    this.grace = undefined
  }

  private quiet(): void {
    this.calm()
    this.probeTimer = setTimeout(() => void this.probe(), QUIET_MS)
  }

  private async probe(): Promise<void> {
    if (document.hidden) return // `wake` asks when somebody looks again
    try {
      const newest = await this.newest()
      if (this.current !== 'live') return
      this.lastId ??= newest
      if (newest > this.lastId) setTimeout(() => this.expect(newest), GRACE_MS)
      this.quiet()
    } catch {
      if (this.current === 'live') this.lost()
    }
  }

  /** `newest` was there seconds ago; if the stream has still not brought it, it is dead. */
  private expect(newest: number): void {
    if (this.current === 'live' && (this.lastId ?? 0) < newest) this.lost()
  }

  private wake(): void {
    if (document.hidden) return
    if (this.current === 'stale') this.reconnect()
    else if (this.current === 'live') void this.probe()
  }
}
