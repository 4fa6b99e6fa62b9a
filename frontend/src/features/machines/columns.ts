import { computed, ref } from 'vue'
import type { Column } from '@/ui/columns'

/** What an operator tells machines apart by. */
export const MACHINE_COLUMNS: Column[] = [
  { key: 'name', label: 'Machine', sort: 'hostname' },
  { key: 'state', label: 'State', sort: 'state' },
  { key: 'macs', label: 'MACs' },
  { key: 'address', label: 'IP', sort: 'address' },
  { key: 'model', label: 'Vendor and model', sort: 'vendor' },
  { key: 'product', label: 'Model', sort: 'product' },
  { key: 'serial', label: 'Serial', sort: 'serial' },
  { key: 'firmware', label: 'Firmware', sort: 'firmware' },
  { key: 'arch', label: 'Architecture', sort: 'arch' },
  { key: 'cluster', label: 'Cluster and role' },
  { key: 'role', label: 'Role', sort: 'role' },
  { key: 'first_seen', label: 'First seen', sort: 'first_seen' },
  { key: 'last_seen', label: 'Last seen', sort: 'last_seen' },
]

export const PENDING_COLUMNS: Column[] = [
  { key: 'name', label: 'Machine', sort: 'hostname' },
  { key: 'pairing', label: 'Pairing code' },
  { key: 'macs', label: 'MACs' },
  { key: 'address', label: 'IP', sort: 'address' },
  { key: 'serial', label: 'Serial', sort: 'serial' },
  { key: 'firmware', label: 'Firmware', sort: 'firmware' },
  { key: 'first_seen', label: 'First seen', sort: 'first_seen' },
  { key: 'last_seen', label: 'Last seen', sort: 'last_seen' },
  { key: 'decide', label: 'Decide' },
]

/** The name is how one gets to the machine; every other column is a matter of taste. */
export const OPTIONAL = MACHINE_COLUMNS.filter((column) => column.key !== 'name')
const EXTRA = ['product', 'arch', 'role']
const KEY = 'ktizo.machine-columns'

function stored(): string[] {
  const usual = OPTIONAL.map((column) => column.key).filter((key) => !EXTRA.includes(key))
  try {
    return localStorage.getItem(KEY)?.split(' ') ?? usual
  } catch {
    return usual // storage can be forbidden
  }
}

/** The columns of the list of machines; the choice is remembered in this browser. */
export function useMachineColumns() {
  const chosen = ref(stored())
  const columns = computed(() =>
    MACHINE_COLUMNS.filter((column) => column.key === 'name' || chosen.value.includes(column.key)),
  )

  function toggle(key: string): void {
    chosen.value = chosen.value.includes(key)
      ? chosen.value.filter((other) => other !== key)
      : [...chosen.value, key]
    try {
      localStorage.setItem(KEY, chosen.value.join(' '))
    } catch {
      // then it lasts as long as the page
    }
  }

  return { columns, chosen, toggle }
}
