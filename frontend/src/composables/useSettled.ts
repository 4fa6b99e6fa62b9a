import { onScopeDispose, shallowRef, watch, type Ref } from 'vue'

/** The value of `get` once it has not changed for `wait_ms`: asks the server once per thought. */
export function useSettled<T>(get: () => T, wait_ms = 300): Readonly<Ref<T>> {
  const settled = shallowRef(get())
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(get, (value) => {
    clearTimeout(timer)
    timer = setTimeout(() => (settled.value = value), wait_ms)
  })
  onScopeDispose(() => clearTimeout(timer))
  return settled
}
