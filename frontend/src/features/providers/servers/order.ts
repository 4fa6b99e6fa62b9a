import type { RentedServer } from '@/api/types'
import { isOver, trouble } from '@/composables/serverStates'

/** Those that need a person first, what is over last, else as they came: newest first. */
export function byNeed(servers: readonly RentedServer[]): RentedServer[] {
  const rank = (one: RentedServer) => (isOver(one) ? 2 : trouble(one) ? 0 : 1)
  return [...servers].sort((a, b) => rank(a) - rank(b))
}

/** Those whose words are all in what is shown of them. */
export function matching(servers: readonly RentedServer[], q: string): RentedServer[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean)
  return servers.filter((one) => {
    const { name, hostname, plan, region, title, account, vendor_id, stage } = one
    const shown = [name, hostname, plan, region, title, account, vendor_id, stage]
    const text = [...shown, ...one.addresses, ...one.macs].join(' ').toLowerCase()
    return words.every((word) => text.includes(word))
  })
}
