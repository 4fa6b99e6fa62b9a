import type { Column } from '@/ui/columns'

/** What an operator tells machines apart by. */
export const MACHINE_COLUMNS: Column[] = [
  { key: 'name', label: 'Machine', sort: 'hostname' },
  { key: 'state', label: 'State', sort: 'state' },
  { key: 'macs', label: 'MACs' },
  { key: 'address', label: 'IP' },
  { key: 'model', label: 'Vendor and model' },
  { key: 'serial', label: 'Serial' },
  { key: 'firmware', label: 'Firmware' },
  { key: 'cluster', label: 'Cluster and role' },
  { key: 'first_seen', label: 'First seen', sort: 'first_seen' },
  { key: 'last_seen', label: 'Last seen', sort: 'last_seen' },
]

export const PENDING_COLUMNS: Column[] = [
  { key: 'name', label: 'Machine', sort: 'hostname' },
  { key: 'pairing', label: 'Pairing code' },
  { key: 'macs', label: 'MACs' },
  { key: 'address', label: 'IP' },
  { key: 'serial', label: 'Serial' },
  { key: 'firmware', label: 'Firmware' },
  { key: 'first_seen', label: 'First seen', sort: 'first_seen' },
  { key: 'last_seen', label: 'Last seen', sort: 'last_seen' },
  { key: 'decide', label: 'Decide' },
]
