import type { RentedServer } from '@/api/types'
import { placeOf } from '@/composables/servers'
import { serverStage, trouble } from '@/composables/serverStates'
import type { Need } from './needs'

const TITLES: Record<string, string> = {
  unsure: 'may have been ordered: nobody knows',
  failed: 'failed at its provider',
}

function titleOf(server: RentedServer): string {
  const said = server.pending ? 'waits for you' : (TITLES[server.stage] ?? 'has a problem')
  return `Server ${server.name} ${said}`
}

/** Rented servers that cannot go on without a person: each may cost meanwhile. */
export function serverNeeds(servers: readonly RentedServer[]): Need[] {
  return servers
    .filter((server) => trouble(server) !== '')
    .map((server) => ({
      key: `server-${server.id}`,
      tone: server.pending ? 'moving' : 'bad',
      shape: server.pending
        ? 'hourglass'
        : serverStage(server).tone === 'bad'
          ? 'triangle'
          : 'cross',
      title: titleOf(server),
      why: `${placeOf(server)}: ${trouble(server)}`,
      action: { label: 'Look', to: `/servers/${server.id}` },
    }))
}
