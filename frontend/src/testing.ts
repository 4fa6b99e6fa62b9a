// For tests only: a server that answers from a table, and a page around a component.
import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { flushPromises, mount } from '@vue/test-utils'
import { vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import { h, type Component } from 'vue'
import { api, ok } from '@/api/client'
import type { Role } from '@/api/session'
import type { ConsoleLine, FoundDisk } from '@/api/types'
import { useSession } from '@/composables/useSession'
import { routes } from '@/router'

/** What came in: `POST /api/v1/...` with its body. */
export interface Asked {
  what: string
  body: unknown
}

type Told = object | ((asked: Asked) => object)

/** A refusal as the server writes it. */
export class Refusal {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly message: string,
    readonly detail: object = {},
  ) {}
}

/** Answer every request from `table`; what is not in it is a 404. Returns what was asked. */
export function answering(table: Record<string, Told>): Asked[] {
  const asked: Asked[] = []
  const answer = async (request: Request): Promise<Response> => {
    const what = `${request.method} ${new URL(request.url).pathname}`
    const text = request.method === 'GET' ? '' : await request.text()
    const one = { what, body: text ? (JSON.parse(text) as unknown) : undefined }
    asked.push(one)
    const told = table[what] ?? new Refusal(404, 'not_found', `nothing at ${what}`)
    const body = typeof told === 'function' ? (told as (asked: Asked) => object)(one) : told
    if (!(body instanceof Refusal)) return Response.json(body)
    const { status, ...said } = body
    return Response.json(said, { status })
  }
  vi.stubGlobal('fetch', vi.fn(answer))
  return asked
}

/** Be somebody with this role. */
export async function signInAs(role: Role): Promise<void> {
  const person = { id: 1, name: 'omar', role }
  const session = { signed_in: true, setup_needed: false, person, csrf_token: 't' }
  answering({ 'GET /api/v1/session': session })
  await useSession().load()
  await ok(api.GET('/api/v1/session'))
}

// Every address there is, and nothing behind it: a link must lead somewhere, no page is loaded.
const PLACES = routes.map(({ path, name }) => ({
  path,
  name,
  component: { render: () => h('main') },
}))

/** Show a component as on a page, once everything it asked for has come. */
export async function shown(component: Component, props: Record<string, unknown>, at = '/') {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  const router = createRouter({ history: createMemoryHistory(), routes: PLACES })
  await router.push(at)
  const plugins = [router, [VueQueryPlugin, { queryClient: client }] as const]
  const page = mount(component, {
    props,
    attachTo: document.body,
    global: { plugins: plugins as never },
  })
  await flushPromises()
  return page
}

/** A disk as an inspection finds it. */
export function disk(name: string, what: Partial<FoundDisk> = {}): FoundDisk {
  const serial = `S-${name}`
  return {
    name: `/dev/${name}`,
    size_bytes: 480_103_981_056,
    model: 'SAMSUNG MZ7L3480',
    serial,
    wwid: `naa.${name}`,
    transport: 'sata',
    rotational: false,
    readonly: false,
    install_disk: `wwid:naa.${name}`,
    holds: [],
    volumes: [],
    ...what,
  }
}

/** A line of a console. */
export function line(number: number, text = `line ${number}`, level = 'info'): ConsoleLine {
  return { number, at: '2026-11-21T10:00:00.045Z', source: 'kernel', level, text }
}
