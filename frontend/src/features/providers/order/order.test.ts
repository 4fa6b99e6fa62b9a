import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ApiError, unreachable } from '@/api/errors'
import { account, ECHO, plan, PREVIEW, PROVIDER, server } from '@/features/providers/samples'
import { answering, Refusal, shown, signInAs } from '@/testing'
import { arrivalOf, moved, noArrival } from './draft'
import { isUnknown, otherEcho } from './errors'
import OrderView from './OrderView.vue'

const ORDER = 'POST /api/v1/servers'
const HOUSE = {
  'GET /api/v1/plans': {
    plans: [plan()],
    total: 1,
    troubles: [],
    asked_at: '2026-11-21T10:00:00Z',
  },
  'GET /api/v1/provider-accounts': [account()],
  'GET /api/v1/providers': [PROVIDER],
  'GET /api/v1/provider-accounts/main/regions': [{ id: 'FRA', name: 'Frankfurt', country: 'DE' }],
  'GET /api/v1/clusters': [{ id: 1, name: 'lab', install_disk: '/dev/sda' }],
  'POST /api/v1/servers/preview': PREVIEW,
}

beforeEach(() => signInAs('operator'))
afterEach(() => document.body.replaceChildren())

function button(text: string): HTMLButtonElement {
  const all = [...document.body.querySelectorAll('button')]
  const found = all.find((one) => one.textContent.trim() === text)
  if (!found) throw new Error(`no button ${text}`)
  return found
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

function submit(): void {
  const form = document.body.querySelector('form')
  form?.dispatchEvent(new Event('submit', { cancelable: true }))
}

/** Fill the form in and look at the price. */
async function look(more: Record<string, object> = {}) {
  const requests = answering({ ...HOUSE, ...more })
  const page = await shown(
    OrderView,
    {},
    '/servers/order?account=main&plan=c3-small-x86&region=FRA',
  )
  await type('Name', 'w-1')
  submit()
  await flushPromises()
  const sent = () => requests.filter(({ what }) => what === ORDER)
  return { page, requests, sent }
}

const CONFIRM = 'Type or paste this line to go on'

describe('an order', () => {
  test('is not sent before what it costs was repeated letter by letter', async () => {
    const { sent } = await look({ [ORDER]: server({ stage: 'ordered' }) })
    expect(document.body.textContent).toContain('0.44 USD an hour')
    expect(document.body.textContent).toContain('no dry run')
    expect(button('Order it').disabled).toBe(true)
    await type(CONFIRM, ECHO.slice(0, -1))
    submit()
    await flushPromises()
    expect(sent()).toEqual([])
    await type(CONFIRM, ` ${ECHO} `)
    expect(button('Order it').disabled).toBe(false)
  })

  test('is sent once, however often one clicks', async () => {
    const { sent } = await look({ [ORDER]: server({ stage: 'ordered' }) })
    await type(CONFIRM, ECHO)
    submit()
    submit()
    button('Order it').click()
    await flushPromises()
    expect(sent()).toHaveLength(1)
    expect(sent()[0]?.body).toEqual({
      account: 'main',
      plan: 'c3-small-x86',
      name: 'w-1',
      regions: ['FRA'],
      ssh_keys: [],
      options: {},
      approve: null,
      confirm: ECHO,
      unreached: false,
    })
  })

  test('whose answer was lost says so, and cannot be sent again from here', async () => {
    const lost = new Refusal(502, 'order_unknown', 'nobody knows whether it was ordered')
    const { page, sent } = await look({ [ORDER]: lost })
    await type(CONFIRM, ECHO)
    submit()
    await flushPromises()
    expect(page.get('[role=alert]').text()).toContain('Do not order another')
    expect(page.findAll('button').map((one) => one.text())).not.toContain('Order it')
    expect(page.find('form').exists()).toBe(false)
    expect(sent()).toHaveLength(1)
  })

  test('that became dearer is not ordered, and is looked at again', async () => {
    const now = 'order w-1: c3-small-x86 in FRA for 0.5 USD an hour'
    const dearer = new Refusal(422, 'confirmation_missing', `confirm with exactly: ${now}`, {
      confirm: now,
    })
    const { requests } = await look({ [ORDER]: dearer })
    await type(CONFIRM, ECHO)
    submit()
    await flushPromises()
    expect(document.body.textContent).toContain('the price is another one now')
    button('Look at the price again').click()
    await flushPromises()
    expect(requests.filter(({ what }) => what.endsWith('/preview'))).toHaveLength(2)
    expect(button('Order it').disabled).toBe(true)
  })

  test('above the limit says why, and cannot be confirmed', async () => {
    const refusal = 'an hour costs 0.44 USD, and the account may spend 0.1'
    const preview = { ...PREVIEW, allowed: false, refusal }
    const { page } = await look({ 'POST /api/v1/servers/preview': preview })
    expect(page.text()).toContain(refusal)
    expect(page.text()).not.toContain(CONFIRM)
    expect(button('Order it').disabled).toBe(true)
  })
})

describe('before money is spent', () => {
  const away = {
    ok: false,
    url: 'http://boot.example.org:8000',
    problem: 'Ktizo does not reach itself there',
  }

  test('a Ktizo that nobody can reach stops the order', async () => {
    const reachability = { ...away, certain: true }
    const { page } = await look({
      'POST /api/v1/servers/preview': { ...PREVIEW, allowed: false, reachability },
    })
    expect(page.text()).toContain('It could not reach this Ktizo')
    expect(page.text()).toContain(away.problem)
    expect(page.text()).not.toContain(CONFIRM)
  })

  test('a doubt is decided by a person, with a tick of its own', async () => {
    const reachability = { ...away, certain: false }
    const { page, sent } = await look({
      'POST /api/v1/servers/preview': { ...PREVIEW, reachability },
      [ORDER]: server({ stage: 'ordered' }),
    })
    await type(CONFIRM, ECHO)
    expect(button('Order it').disabled).toBe(true)
    await page.get('input[type=checkbox]').setValue(true)
    expect(button('Order it').disabled).toBe(false)
    submit()
    await flushPromises()
    expect(sent()[0]?.body).toMatchObject({ unreached: true })
  })
})

test('a machine is approved on arrival only where somebody said so', () => {
  expect(arrivalOf(noArrival(), 'w-1')).toBeNull()
  const arrival = { ...noArrival(), on: true, role: 'worker' as const, install_disk: '/dev/sda' }
  expect(arrivalOf(arrival, 'w-1')).toEqual({ hostname: 'w-1', role: 'worker' })
  expect(arrivalOf({ ...arrival, cluster: 'lab' }, 'w-1')).toMatchObject({
    cluster: 'lab',
    install_disk: '/dev/sda',
  })
})

test('regions are moved one place at a time, and not over the ends', () => {
  expect(moved(['a', 'b', 'c'], 2, -1)).toEqual(['a', 'c', 'b'])
  expect(moved(['a', 'b'], 0, -1)).toEqual(['a', 'b'])
  expect(moved(['a', 'b'], 1, 1)).toEqual(['a', 'b'])
})

test('only a clear no of Ktizo itself means that nothing was ordered', () => {
  expect(isUnknown(null)).toBe(false)
  expect(isUnknown(new ApiError(409, 'out_of_stock', ''))).toBe(false)
  expect(isUnknown(new ApiError(502, 'order_unknown', ''))).toBe(true)
  expect(isUnknown(unreachable())).toBe(true)
  expect(isUnknown(new ApiError(504, 'unreadable_answer', ''))).toBe(true)
  expect(isUnknown(new ApiError(413, 'unreadable_answer', ''))).toBe(false)
  expect(otherEcho(new ApiError(422, 'confirmation_missing', '', { confirm: 'x' }))).toBe('x')
  expect(otherEcho(new ApiError(422, 'invalid', '', { confirm: 'x' }))).toBe('')
})
