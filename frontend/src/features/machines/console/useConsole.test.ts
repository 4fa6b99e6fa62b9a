import { effectScope } from 'vue'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { line } from '@/testing'
import { useConsole } from './useConsole'

interface Waiting {
  query: URLSearchParams
  signal: AbortSignal
  answer: (body: object, status?: number) => void
}

let waiting: Waiting[] = []

beforeEach(() => {
  vi.useFakeTimers()
  waiting = []
  vi.stubGlobal('fetch', (asked: Request) => {
    return new Promise<Response>((done, failed) => {
      asked.signal.addEventListener('abort', () => failed(new DOMException('', 'AbortError')))
      waiting.push({
        query: new URL(asked.url).searchParams,
        signal: asked.signal,
        answer: (body, status = 200) => done(Response.json(body, { status })),
      })
    })
  })
})
afterEach(() => {
  vi.useRealTimers()
})

async function opened() {
  const scope = effectScope()
  const console = scope.run(() => useConsole(7))
  if (!console) throw new Error('no scope')
  await vi.advanceTimersByTimeAsync(0)
  return { scope, console }
}

const asked = (at: number) => {
  const one = waiting[at]
  if (!one) throw new Error(`nothing was asked ${at}`)
  return one
}

test('the last lines come at once, then one question stays open for more', async () => {
  const { scope, console } = await opened()
  expect(asked(0).query.toString()).toBe('after=-1&wait_s=0')
  asked(0).answer({ lines: [line(4)], next: 4, lost: 0 })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(console.kept.value).toEqual([line(4)])
  expect(console.state.value).toBe('live')
  expect(waiting).toHaveLength(2)
  expect(asked(1).query.toString()).toBe('after=4&wait_s=20')
  scope.stop()
  expect(asked(1).signal.aborted).toBe(true)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(waiting).toHaveLength(2)
})

test('a server that does not answer is asked less and less often', async () => {
  const { scope, console } = await opened()
  asked(0).answer({ code: 'busy', message: 'later' }, 503)
  await vi.advanceTimersByTimeAsync(0)
  expect(console.state.value).toBe('retrying')
  await vi.advanceTimersByTimeAsync(1_000)
  asked(1).answer({ code: 'busy', message: 'later' }, 503)
  await vi.advanceTimersByTimeAsync(1_500)
  expect(waiting).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(500)
  asked(2).answer({ lines: [], next: 0, lost: 0 })
  await vi.advanceTimersByTimeAsync(0)
  expect([console.state.value, console.error.value]).toEqual(['live', null])
  scope.stop()
})

test('a refusal is final, until somebody tries again', async () => {
  const { scope, console } = await opened()
  asked(0).answer({ code: 'not_found', message: 'there is no machine 7' }, 404)
  await vi.advanceTimersByTimeAsync(120_000)
  expect(console.state.value).toBe('ended')
  expect(waiting).toHaveLength(1)
  console.retry()
  await vi.advanceTimersByTimeAsync(0)
  expect(waiting).toHaveLength(2)
  scope.stop()
})

test('a server that keeps no question open is not asked in a loop', async () => {
  const { scope } = await opened()
  asked(0).answer({ lines: [], next: 0, lost: 0 })
  await vi.advanceTimersByTimeAsync(300)
  asked(1).answer({ lines: [], next: 0, lost: 0 })
  await vi.advanceTimersByTimeAsync(900)
  expect(waiting).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(200)
  expect(waiting).toHaveLength(3)
  scope.stop()
})

test('a page nobody looks at asks nothing, and goes on where it was', async () => {
  const { scope } = await opened()
  asked(0).answer({ lines: [line(4)], next: 4, lost: 0 })
  await vi.advanceTimersByTimeAsync(300)
  const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true)
  document.dispatchEvent(new Event('visibilitychange'))
  expect(asked(1).signal.aborted).toBe(true)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(waiting).toHaveLength(2)
  hidden.mockReturnValue(false)
  document.dispatchEvent(new Event('visibilitychange'))
  await vi.advanceTimersByTimeAsync(0)
  expect(asked(2).query.get('after')).toBe('4')
  scope.stop()
})
