import { onScopeDispose, readonly, ref } from 'vue'
import { LiveStream, type LiveState } from '@/api/live'
import type { KtizoEvent } from '@/api/types'

type Listener = (events: KtizoEvent[]) => void
type Reset = () => void

const state = ref<LiveState>('off')
const listeners = new Set<Listener>()
const resets = new Set<Reset>()

const stream = new LiveStream({
  state: (next) => (state.value = next),
  events: (events) => listeners.forEach((listener) => listener(events)),
  reset: () => resets.forEach((reset) => reset()),
})

/** The live stream of this tab. `start` and `stop` belong to the shell; pages use `onEvents`. */
export function useLive() {
  /** Call `listener` with every batch of events while the caller's scope lives. */
  function onEvents(listener: Listener): void {
    listeners.add(listener)
    onScopeDispose(() => listeners.delete(listener))
  }

  /** Call `reset` when events were missed: what is on screen has to be fetched anew. */
  function onReset(reset: Reset): void {
    resets.add(reset)
    onScopeDispose(() => resets.delete(reset))
  }

  const start = () => stream.start()
  const stop = () => stream.stop()
  const reconnect = () => stream.reconnect()
  return { state: readonly(state), onEvents, onReset, start, stop, reconnect }
}
