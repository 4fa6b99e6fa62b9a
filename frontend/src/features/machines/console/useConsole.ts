import { onScopeDispose, ref, shallowRef } from 'vue'
import { api, ok } from '@/api/client'
import { ApiError } from '@/api/errors'
import { joined, type Kept } from './lines'

const WAIT_S = 20 // the server answers at once when there is something
const BREATH_MS = 250 // between answers, so that a flood is drawn four times a second
const IDLE_MS = 1_000 // when a server does not keep the question open
const BACK_OFF_MS = [1_000, 2_000, 5_000, 10_000]

/** A refusal nobody can wait out: the machine is gone, or we may not look. */
function isFinal(error: unknown): boolean {
  return error instanceof ApiError && error.status >= 400 && error.status < 500
    ? ![408, 425, 429].includes(error.status)
    : false
}

/** The lines of a machine's console as they come, while the caller's scope lives.
 *
 * One question at a time, which the server keeps open. A hidden page asks nothing: browsers open
 * six connections to a server at most, and every tab here would keep one. */
export function useConsole(id: number) {
  const kept = shallowRef<Kept[]>([])
  const state = ref<'opening' | 'live' | 'retrying' | 'ended'>('opening')
  const error = shallowRef<unknown>(null)
  let after = -1
  let failures = 0
  let asking: AbortController | null = null
  let timer: ReturnType<typeof setTimeout> | undefined

  async function ask(signal: AbortSignal): Promise<void> {
    const began = Date.now()
    // The first answer comes at once, with the last lines there are.
    const query = { after, wait_s: after < 0 ? 0 : WAIT_S }
    const params = { path: { device_id: id }, query }
    const said = await ok(api.GET('/api/v1/nodes/{device_id}/console', { params, signal }))
    if (signal.aborted) return
    if (said.lines.length || said.lost) kept.value = joined(kept.value, said.lines, said.lost)
    after = said.next
    failures = 0
    error.value = null
    state.value = 'live'
    const idle = said.lines.length === 0 && query.wait_s > 0 && Date.now() - began < IDLE_MS
    await breath(idle ? IDLE_MS : BREATH_MS)
  }

  function breath(ms: number): Promise<void> {
    return new Promise((done) => (timer = setTimeout(done, ms)))
  }

  function again(): void {
    const wait = BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length - 1)]
    failures += 1
    timer = setTimeout(() => void run(), wait)
  }

  async function run(): Promise<void> {
    asking?.abort()
    clearTimeout(timer)
    const mine = new AbortController()
    asking = mine
    try {
      while (!mine.signal.aborted) await ask(mine.signal)
    } catch (problem) {
      if (mine.signal.aborted) return
      error.value = problem
      state.value = isFinal(problem) ? 'ended' : 'retrying'
      if (state.value === 'retrying') again()
    }
  }

  function stop(): void {
    clearTimeout(timer)
    asking?.abort()
    asking = null
  }

  function seen(): void {
    if (document.hidden) stop()
    else if (!asking) void run()
  }

  document.addEventListener('visibilitychange', seen)
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', seen)
    stop()
  })
  void run()
  return { kept, state, error, retry: () => void run() }
}
