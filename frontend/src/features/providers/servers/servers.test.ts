import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Component } from 'vue'
import type { RentedServer } from '@/api/types'
import { account, PREVIEW, server } from '@/features/providers/samples'
import { answering, Refusal, shown, signInAs } from '@/testing'
import GiveBack from './GiveBack.vue'
import OrderAgain from './OrderAgain.vue'
import ReinstallServer from './ReinstallServer.vue'
import ServersView from './ServersView.vue'

const machine = (id: number, what: object) => ({
  id,
  state: 'running',
  macs: [`52:54:00:00:00:0${id}`],
  hostname: `m-${id}`,
  vendor: null,
  product: null,
  address: '10.20.0.5',
  last_seen: '2026-11-21T10:00:00Z',
  server_id: null,
  ...what,
})

beforeEach(() => signInAs('operator'))
afterEach(() => document.body.replaceChildren())

async function list(servers: RentedServer[]) {
  answering({
    'GET /api/v1/servers': { servers, total: servers.length },
    'GET /api/v1/provider-accounts': [account()],
    'GET /api/v1/devices': {
      items: [machine(1, {}), machine(7, { server_id: 3, hostname: 'w-1' })],
      total: 2,
      by_state: {},
    },
  })
  return shown(ServersView, {})
}

async function dialog(component: Component, one: RentedServer, answers: Record<string, object>) {
  const requests = answering(answers)
  const page = await shown(component, { open: false, server: one })
  await page.setProps({ open: true })
  await flushPromises()
  return requests
}

async function type(label: string, text: string): Promise<void> {
  const all = [...document.body.querySelectorAll('label')]
  const name = all.find((one) => one.textContent.trim() === label)
  const field = document.getElementById(name?.htmlFor ?? '')
  if (!(field instanceof HTMLInputElement)) throw new Error(`no field ${label}`)
  field.value = text
  field.dispatchEvent(new Event('input'))
  await flushPromises()
}

async function submit(): Promise<void> {
  const form = document.body.querySelector('form')
  form?.dispatchEvent(new Event('submit', { cancelable: true }))
  await flushPromises()
}

const CONFIRM = 'Type or paste this line to go on'

test('rented servers stand beside machines of the LAN, and none stands twice', async () => {
  const page = await list([server()])
  const [rented, lan] = page.findAll(
    'section[aria-labelledby=rented], section[aria-labelledby=lan]',
  )
  expect(rented?.text()).toContain('w-1')
  expect(rented?.text()).toContain('Latitude.sh says ready (on)')
  expect(lan?.text()).toContain('m-1')
  expect(lan?.text()).not.toContain('w-1')
  expect(lan?.text()).toContain('1 more of this page is rented')
})

test('all that runs is summed; what is over is not, and what nobody knows is said apart', async () => {
  const page = await list([
    server(),
    server({ id: 4, name: 'w-2', stage: 'unsure', price: null }),
    server({ id: 5, name: 'retired', stage: 'gone' }),
  ])
  const cost = page.get('section[aria-labelledby=cost]').text()
  expect(cost).toContain('0.44 USD an hour, about 321.20 USD a month for 1 server')
  expect(cost).toContain('1 more may have been ordered')
  expect(page.text()).toContain('Also what is over (1)')
  expect(page.text()).not.toContain('retired')
})

test('what a person has to do, and what went wrong, stand in plain sight', async () => {
  const page = await list([
    server({ pending: 'give the token that was mailed', problem: 'the provider is away' }),
  ])
  expect(page.text()).toContain('You: give the token that was mailed')
  expect(page.text()).toContain('the provider is away')
})

test('a server is erased only after its echo, and is not approved unless somebody said so', async () => {
  const requests = await dialog(ReinstallServer, server(), {
    'POST /api/v1/servers/3/reinstall': server({ stage: 'ordered' }),
    'GET /api/v1/clusters': [],
  })
  await type(CONFIRM, 'reinstall w-1')
  await submit()
  expect(requests.some(({ what }) => what.startsWith('POST'))).toBe(false)
  await type(CONFIRM, 'reinstall w-1 (sv_1)')
  await submit()
  expect(requests.find(({ what }) => what.startsWith('POST'))?.body).toEqual({
    confirm: 'reinstall w-1 (sv_1)',
    approve: null,
  })
})

test('where a token is mailed, giving back takes two calls in one dialog', async () => {
  const ovh = server({ title: 'OVHcloud', capabilities: ['ipxe_reinstall'] })
  const requests = await dialog(GiveBack, ovh, {
    'POST /api/v1/servers/3/delete': ({ body }: { body: unknown }) =>
      (body as { token: string }).token
        ? { ...ovh, stage: 'ending' }
        : { ...ovh, pending: 'give the token that was mailed' },
  })
  expect(document.body.textContent).toContain('OVHcloud does not end it at once')
  await type(CONFIRM, 'delete w-1 (sv_1)')
  await submit()
  expect(document.body.textContent).toContain('give the token that was mailed')
  await type('Token from the mail', 'abc')
  await submit()
  const sent = requests.filter(({ what }) => what.endsWith('/delete'))
  expect(sent.map(({ body }) => (body as { token: string }).token)).toEqual(['', 'abc'])
})

test('a loss whose answer was lost is not repeated by the dialog', async () => {
  const lost = new Refusal(502, 'order_unknown', 'look at the server there')
  await dialog(GiveBack, server(), { 'POST /api/v1/servers/3/delete': lost })
  await type(CONFIRM, 'delete w-1 (sv_1)')
  await submit()
  expect(document.body.textContent).toContain('Nobody knows whether it was done')
  expect(document.body.textContent).not.toContain('Try again')
})

test('ordering again warns that it may be there, and takes the echo the server wants', async () => {
  const wanted = 'order w-1: c3-small-x86 in FRA for 0.9 USD an hour'
  const lost = server({ stage: 'unsure', vendor_id: null })
  const requests = await dialog(OrderAgain, lost, {
    'POST /api/v1/servers/preview': PREVIEW,
    'POST /api/v1/servers/3/order-again': ({ body }: { body: unknown }) =>
      (body as { confirm: string }).confirm === wanted
        ? server({ stage: 'ordered' })
        : new Refusal(422, 'confirmation_missing', `confirm with exactly: ${wanted}`, {
            confirm: wanted,
          }),
  })
  expect(document.body.textContent).toContain('It may have been ordered already.')
  await type(CONFIRM, PREVIEW.echo)
  await submit()
  expect(document.body.textContent).toContain('0.9 USD')
  await type(CONFIRM, wanted)
  await submit()
  expect(requests.filter(({ what }) => what.endsWith('/order-again'))).toHaveLength(2)
})
