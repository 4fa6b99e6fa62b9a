import type { Person } from './queries'

export type Role = Person['role']

export const ROLES: { role: Role; may: string }[] = [
  { role: 'viewer', may: 'sees everything but secrets' },
  { role: 'operator', may: 'approves, reboots and provisions' },
  { role: 'admin', may: 'also people, tokens, secrets and the LAN' },
]
