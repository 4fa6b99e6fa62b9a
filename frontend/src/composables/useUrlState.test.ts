import { mount } from '@vue/test-utils'
import { describe, expect, test } from 'vitest'
import { defineComponent, h, nextTick } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { useUrlState } from './useUrlState'

const DEFAULTS = { q: '', state: [] as string[], sort: '-last_seen', page: 1, size: 50 } as const

async function at(url: string) {
  let found: ReturnType<typeof useUrlState<typeof DEFAULTS>> | undefined
  const page = defineComponent({
    setup() {
      found = useUrlState(DEFAULTS)
      return () => h('div')
    },
  })
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/machines', component: page }],
  })
  await router.push(url)
  mount(page, { global: { plugins: [router] } })
  if (!found) throw new Error('not set up')
  return { state: found, router }
}

async function settled(): Promise<void> {
  await nextTick()
  await new Promise((resolve) => setTimeout(resolve))
}

describe('a list keeps its state in the URL', () => {
  test('what the URL says is what is asked for', async () => {
    const { state } = await at('/machines?q=dell&state=pending&state=running&page=3')
    expect(state.q.value).toBe('dell')
    expect(state.state.value).toEqual(['pending', 'running'])
    expect(state.page.value).toBe(3)
    expect(state.sort.value).toBe('-last_seen')
  })

  test('nonsense in the URL is the default', async () => {
    const { state } = await at('/machines?page=x&size=-4')
    expect(state.page.value).toBe(1)
    expect(state.size.value).toBe(50)
  })

  test('a new filter goes back to page 1, and defaults stay out of the URL', async () => {
    const { state, router } = await at('/machines?page=7&sort=hostname')
    state.q.value = 'hp'
    state.sort.value = '-last_seen'
    await settled()
    expect(router.currentRoute.value.fullPath).toBe('/machines?q=hp')
  })

  test('turning the page keeps the filter', async () => {
    const { state, router } = await at('/machines?q=hp')
    state.page.value = 2
    await settled()
    expect(router.currentRoute.value.query).toEqual({ q: 'hp', page: '2' })
  })
})
