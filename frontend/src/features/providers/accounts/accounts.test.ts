import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { account, PROVIDER } from '@/features/providers/samples'
import { answering, Refusal, shown, signInAs } from '@/testing'
import AccountDialog from './AccountDialog.vue'
import AccountList from './AccountList.vue'

const ACCOUNTS = 'GET /api/v1/provider-accounts'
const HOUSE = { 'GET /api/v1/providers': [PROVIDER], [ACCOUNTS]: [account()] }
const CHANGE = 'PATCH /api/v1/provider-accounts/1'

beforeEach(() => signInAs('admin'))
afterEach(() => document.body.replaceChildren())

function find<T extends Element>(selector: string): T {
  const found = document.body.querySelector<T>(selector)
  if (!found) throw new Error(`no ${selector}`)
  return found
}

function button(text: string): HTMLButtonElement {
  const all = [...document.body.querySelectorAll('button')]
  const found = all.find((one) => one.textContent.trim() === text)
  if (!found) throw new Error(`no button ${text}`)
  return found
}

function field(label: string): HTMLInputElement {
  const all = [...document.body.querySelectorAll('label')]
  const name = all.find((one) => one.textContent.trim() === label)
  const found = document.getElementById(name?.htmlFor ?? '')
  if (!(found instanceof HTMLInputElement)) throw new Error(`no field ${label}`)
  return found
}

async function type(label: string, text: string): Promise<void> {
  const input = field(label)
  input.value = text
  input.dispatchEvent(new Event('input'))
  await flushPromises()
}

async function dialog(kept: ReturnType<typeof account> | null, more: Record<string, object> = {}) {
  const requests = answering({ ...HOUSE, ...more })
  const page = await shown(AccountDialog, { open: false, account: kept, providers: [PROVIDER] })
  await page.setProps({ open: true })
  await flushPromises()
  const save = async () => {
    find('form').dispatchEvent(new Event('submit', { cancelable: true }))
    await flushPromises()
    return requests.find(({ what }) => /^(POST|PATCH) /.test(what))?.body
  }
  return { save }
}

test('without an account everything is off, and the page says how to begin', async () => {
  answering({ ...HOUSE, [ACCOUNTS]: [] })
  const page = await shown(AccountList, {})
  expect(page.text()).toContain('everything here is off')
  expect(page.text()).toContain('Nothing was checked against a live account.')
})

test('the form is the one its provider declares, and an account without a limit orders nothing', async () => {
  const { save } = await dialog(null, { 'POST /api/v1/provider-accounts': account() })
  expect(field('API key').type).toBe('password')
  expect(document.body.textContent).toContain('nothing may be ordered')
  expect(button('Add account').disabled).toBe(true)
  await type('Name', 'main')
  await type('API key', 'k3y')
  await type('Project', 'proj_1')
  expect(await save()).toEqual({
    provider: 'latitude',
    name: 'main',
    settings: { api_key: 'k3y', project: 'proj_1' },
    max_hourly: null,
    max_setup: '0',
    currency: 'EUR',
  })
})

test('a stored secret is never shown, and stays when nothing is typed', async () => {
  const { save } = await dialog(account(), { [CHANGE]: account() })
  expect(field('API key').value).toBe('')
  expect(document.body.textContent).toContain('One is stored; it is never shown. Empty: it stays.')
  await type('Most a server may cost an hour', '1,25')
  expect(await save()).toEqual({
    name: 'main',
    settings: {},
    max_hourly: '1.25',
    max_setup: '0',
    currency: 'USD',
  })
})

test('a refused setting is said at its field, and the dialog stays', async () => {
  const refusal = new Refusal(422, 'settings_wrong', 'settings.project: too short', {
    fields: ['project'],
  })
  const { save } = await dialog(account(), { [CHANGE]: refusal })
  await type('Project', 'x')
  await save()
  const input = field('Project')
  expect(input.getAttribute('aria-invalid')).toBe('true')
  expect(document.body.textContent).toContain('too short')
})

test('credentials are tested in place, and what is wrong is said with the way out', async () => {
  const tested = { ok: false, name: '', detail: '', message: 'the key has ended: make another' }
  let done = false
  answering({
    ...HOUSE,
    [ACCOUNTS]: () => [account(done ? { tested, tested_at: '2026-11-21T10:00:00Z' } : {})],
    'POST /api/v1/provider-accounts/1/test': () => {
      done = true
      return tested
    },
  })
  const page = await shown(AccountList, {})
  expect(page.text()).toContain('Not tested yet')
  button('Test credentials').click()
  await flushPromises()
  expect(page.text()).toContain('Credentials do not work')
  expect(page.text()).toContain('make another')
})

test('who is no administrator sees, and is told why nothing can be changed', async () => {
  await signInAs('operator')
  answering(HOUSE)
  await shown(AccountList, {})
  expect(button('Change…').disabled).toBe(true)
  expect(button('Change…').title).toContain('needs the role admin')
})
