import { mount } from '@vue/test-utils'
import { afterEach, expect, test } from 'vitest'
import { nextTick } from 'vue'
import ConfirmByName from './ConfirmByName.vue'

afterEach(() => document.body.replaceChildren())

async function dialog() {
  const props = { open: true, title: 'Erase', name: 'worker-1', verb: 'Erase' }
  const shown = mount(ConfirmByName, { props, attachTo: document.body })
  await nextTick()
  const find = <T extends Element>(selector: string): T => {
    const element = document.body.querySelector<T>(selector)
    if (!element) throw new Error(`no ${selector}`)
    return element
  }
  const type = async (text: string) => {
    const field = find<HTMLInputElement>('input')
    field.value = text
    field.dispatchEvent(new Event('input'))
    await nextTick()
  }
  return { shown, find, type }
}

test('nothing is confirmed before the name is typed', async () => {
  const { shown, find, type } = await dialog()
  await type('worker-2')
  expect(find<HTMLButtonElement>('.el-button--danger').disabled).toBe(true)
  find('form').dispatchEvent(new Event('submit', { cancelable: true }))
  expect(shown.emitted('confirm')).toBeUndefined()
})

test('the name confirms', async () => {
  const { shown, find, type } = await dialog()
  await type(' worker-1 ')
  find<HTMLButtonElement>('.el-button--danger').click()
  expect(shown.emitted('confirm')).toEqual([['worker-1']])
})
