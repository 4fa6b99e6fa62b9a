import { afterEach, expect, test } from 'vitest'
import { useMachineColumns } from './columns'

afterEach(() => localStorage.clear())

test('a column taken away stays away, and comes back in its place', () => {
  const first = useMachineColumns()
  const usual = first.columns.value.map((column) => column.key)
  expect(usual).not.toContain('role')
  first.toggle('serial')
  first.toggle('arch')
  const later = useMachineColumns()
  const kept = later.columns.value.map((column) => column.key)
  expect(kept).toEqual(first.columns.value.map((column) => column.key))
  expect(kept).not.toContain('serial')
  expect(kept.indexOf('arch')).toBe(kept.indexOf('firmware') + 1)
  later.toggle('serial')
  later.toggle('arch')
  expect(useMachineColumns().columns.value.map((column) => column.key)).toEqual(usual)
})

test('whatever is stored, there is a way to every machine', () => {
  localStorage.setItem('ktizo.machine-columns', 'nonsense')
  expect(useMachineColumns().columns.value.map((column) => column.key)).toEqual(['name'])
})
