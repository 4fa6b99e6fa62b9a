import { onScopeDispose, readonly, ref, type Ref } from 'vue'

// One clock for every "3 min ago" on the page; it stands still when nobody looks.
const now = ref(Date.now())
let users = 0
let timer: ReturnType<typeof setInterval> | undefined

/** The present, in milliseconds, moving every second while a component uses it. */
export function useNow(): Readonly<Ref<number>> {
  users += 1
  now.value = Date.now()
  timer ??= setInterval(() => (now.value = Date.now()), 1_000)
  onScopeDispose(() => {
    users -= 1
    if (users === 0) {
      clearInterval(timer)
      timer = undefined
    }
  })
  return readonly(now)
}
