import { computed, type WritableComputedRef } from 'vue'
import { useRoute, useRouter, type LocationQueryRaw, type LocationQueryValue } from 'vue-router'

type Value = string | number | string[]
type Widened<V> = V extends string ? string : V extends number ? number : string[]
type State<T> = { [K in keyof T]: WritableComputedRef<Widened<T[K]>> }

function read(raw: LocationQueryValue | LocationQueryValue[] | undefined, fallback: Value): Value {
  const texts = (Array.isArray(raw) ? raw : [raw]).filter((text) => typeof text === 'string')
  if (Array.isArray(fallback)) return texts
  const [text] = texts
  if (text === undefined) return fallback
  if (typeof fallback === 'string') return text
  const number = Number(text)
  return Number.isFinite(number) && number >= 0 ? number : fallback
}

function same(a: Value, b: Value): boolean {
  return String(a) === String(b) && Array.isArray(a) === Array.isArray(b)
}

/** Search, filter, sort and page of a list, kept in the URL, so a link shows what you see.
 *
 * `defaults` says each name's type and what stays out of the URL. Writing anything but `page`
 * goes back to page 1. Several writes in one tick are one step of history. */
export function useUrlState<const T extends Record<string, Value>>(defaults: T): State<T> {
  const route = useRoute()
  const router = useRouter()
  let pending: LocationQueryRaw | null = null

  function write(name: string, value: Value): void {
    if (!pending) {
      pending = { ...route.query }
      queueMicrotask(() => {
        const query = pending ?? {}
        pending = null
        void router.replace({ query, hash: route.hash })
      })
    }
    if (name !== 'page') delete pending['page']
    const fallback = defaults[name] as Value
    if (same(value, fallback)) delete pending[name]
    else pending[name] = Array.isArray(value) ? value : String(value)
  }

  const entries = Object.entries(defaults).map(([name, fallback]) => [
    name,
    computed({
      get: () => read(route.query[name], fallback),
      set: (value: Value) => write(name, value),
    }),
  ])
  return Object.fromEntries(entries) as State<T>
}
