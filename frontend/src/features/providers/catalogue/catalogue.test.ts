import { afterEach, beforeEach, expect, test } from 'vitest'
import { account, plan, PROVIDER } from '@/features/providers/samples'
import { answering, shown, signInAs } from '@/testing'
import CatalogueView from './CatalogueView.vue'
import { byChance, stockGroups } from './stock'

const at = '2026-11-21T10:00:00Z'

beforeEach(() => signInAs('operator'))
afterEach(() => document.body.replaceChildren())

async function catalogue(what: object, own = account(), where = '/servers/catalogue') {
  const requests = answering({
    'GET /api/v1/plans': { plans: [plan()], total: 1, troubles: [], asked_at: at, ...what },
    'GET /api/v1/provider-accounts': [own],
    'GET /api/v1/providers': [PROVIDER],
    'GET /api/v1/provider-accounts/main/regions': [],
  })
  return { page: await shown(CatalogueView, {}, where), requests }
}

test('stock is told in words: in stock, sold out, not told', async () => {
  const { page } = await catalogue({})
  const cell = page.get('td.stock').text()
  expect(cell).toContain('in stock: FRA')
  expect(cell).toContain('sold out: NYC')
  expect(cell).toContain('stock not told: TYO')
  expect(page.get('td.price').text()).toContain('0.44 USD an hour')
})

test('where Talos cannot boot, the reason stands beside it', async () => {
  const { page } = await catalogue({ plans: [plan({ talos: false, why: 'no iPXE on this plan' })] })
  expect(page.get('td.talos').text()).toContain('not possible')
  expect(page.get('td.talos').text()).toContain('no iPXE on this plan')
})

test('an account that could not be asked is named above, with the reason', async () => {
  const troubles = [
    { account_id: 2, account: 'ovh', code: 'credentials_refused', message: 'the key is wrong' },
  ]
  const { page } = await catalogue({ troubles })
  expect(page.get('[role=alert]').text()).toContain('the key is wrong')
  expect(page.text()).toContain('c3.small.x86')
})

test('an order begins from a row; without a limit the row says why it cannot', async () => {
  const { page } = await catalogue({})
  expect(page.get('td.act a').attributes('href')).toBe(
    '/servers/order?account=main&plan=c3-small-x86',
  )
  document.body.replaceChildren()
  const other = await catalogue({}, account({ max_hourly: null }))
  expect(other.page.get('td.act').text()).toContain('no maximum price')
})

test('what is filtered stands in the URL', async () => {
  const { page } = await catalogue(
    {},
    account(),
    '/servers/catalogue?account=main&region=FRA&talos=yes&kind=metal',
  )
  const chosen = page.findAll('select').map((one) => one.element.value)
  expect(chosen).toEqual(['', 'main', 'FRA', 'metal', '50'])
  expect(
    page.findAll('input[type=checkbox]').map((one) => (one.element as HTMLInputElement).checked),
  ).toEqual([true, false])
})

test('regions with stock stand first, then the cheapest', () => {
  const offers = [
    { region: 'no', price: null, in_stock: false },
    { region: 'dear', price: null, in_stock: true },
    { region: 'cheap', price: null, in_stock: true },
    { region: 'unsaid', price: null, in_stock: null },
  ]
  const hours: Record<string, bigint> = { dear: 9n, cheap: 1n }
  expect(byChance(offers, (one) => hours[one.region] ?? null).map((one) => one.region)).toEqual([
    'cheap',
    'dear',
    'unsaid',
    'no',
  ])
  expect(stockGroups(offers).map(({ look, regions }) => [look.key, regions.length])).toEqual([
    ['yes', 2],
    ['unsaid', 1],
    ['no', 1],
  ])
})
