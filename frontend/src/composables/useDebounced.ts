import { customRef, onScopeDispose, watch, type Ref } from 'vue'

/** A local copy of `target` that writes back once nobody has typed for `wait_ms`. */
export function useDebounced(target: Ref<string>, wait_ms = 250): Ref<string> {
  let value = target.value
  let timer: ReturnType<typeof setTimeout> | undefined
  let changed: () => void = () => undefined
  watch(target, (now) => {
    if (timer === undefined && now !== value) {
      value = now
      changed()
    }
  })
  onScopeDispose(() => clearTimeout(timer))
  return customRef((track, trigger) => {
    changed = trigger
    return {
      get: () => (track(), value),
      set(next) {
        value = next
        trigger()
        clearTimeout(timer)
        timer = setTimeout(() => {
          timer = undefined
          target.value = value
        }, wait_ms)
      },
    }
  })
}
