import { mount } from '@vue/test-utils'
import { expect, test } from 'vitest'
import DataTable from './DataTable.vue'

const props = {
  label: 'Machines',
  columns: [
    { key: 'name', label: 'Name', sort: 'hostname' },
    { key: 'mac', label: 'MAC' },
  ],
  rows: [
    { id: 1, name: 'a' },
    { id: 2, name: 'b' },
  ],
  rowKey: (row: object) => (row as { id: number }).id,
  rowLabel: (row: object) => (row as { name: string }).name,
  selectable: true,
}

test('a row is selected by a checkbox that says which one', async () => {
  const table = mount(DataTable, { props })
  await table.get('input[aria-label="Select b"]').setValue(true)
  expect(table.emitted('update:selected')?.at(-1)).toEqual([new Set([2])])
})

test('selecting a page keeps what was selected on others', async () => {
  const table = mount(DataTable, { props: { ...props, selected: new Set([77]) } })
  await table.get('input[aria-label="Select every row on this page"]').setValue(true)
  expect(table.emitted('update:selected')?.at(-1)).toEqual([new Set([77, 1, 2])])
})

test('a heading sorts up, then down, and says so', async () => {
  const table = mount(DataTable, { props: { ...props, sort: '' } })
  await table.get('th button').trigger('click')
  await table.setProps({ sort: 'hostname' })
  expect(table.get('th.name').attributes('aria-sort')).toBe('ascending')
  await table.get('th button').trigger('click')
  expect(table.emitted('update:sort')).toEqual([['hostname'], ['-hostname']])
  expect(table.find('th.mac button').exists()).toBe(false)
})

test('loading, error and empty are three different things', async () => {
  const table = mount(DataTable, {
    props: { ...props, rows: [], loading: true },
    slots: { empty: 'teach' },
  })
  expect(table.find('[role=status]').exists()).toBe(true)
  await table.setProps({ loading: false, error: new Error('gone') })
  expect(table.get('[role=alert]').text()).toContain('gone')
  await table.setProps({ error: null })
  expect(table.text()).toBe('teach')
})
