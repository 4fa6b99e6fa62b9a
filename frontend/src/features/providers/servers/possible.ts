import type { RentedServer } from '@/api/types'
import { isOver } from '@/composables/serverStates'
import { endsAtOnce, reinstalls } from '@/features/providers/capabilities'

type Act = 'refresh' | 'power' | 'reinstall' | 'giveBack' | 'orderAgain' | 'forget'
type Stands = Pick<RentedServer, 'stage' | 'vendor_id' | 'capabilities' | 'title'>

/** What can be done with a server: '' where it can, else why not and the way out; null where it
 * makes no sense at all. The server decides; this only says so before the click. */
export function possible(server: Stands): Record<Act, string | null> {
  const over = isOver(server)
  const known = server.vendor_id !== null && server.vendor_id !== ''
  const there = over ? null : known ? '' : `${server.title} has given it no number yet.`
  const away = server.stage === 'ending' ? 'It is given back already.' : there
  return {
    refresh: there,
    power: away,
    reinstall:
      away === '' && !reinstalls(server.capabilities)
        ? `${server.title} cannot reinstall a server for Ktizo: give it back and order another.`
        : away,
    giveBack: there,
    orderAgain: server.stage === 'refused' || server.stage === 'unsure' ? '' : null,
    forget: over ? '' : null,
  }
}

/** How a server is installed anew, in words. */
export function wayOfReinstall(capabilities: readonly string[]): string {
  if (capabilities.includes('ipxe_reinstall')) return 'It restarts and boots from this Ktizo.'
  if (capabilities.includes('needs_ssh_rescue'))
    return 'It restarts into the rescue system of its provider, and Ktizo starts Talos from there.'
  return 'Its provider writes its disk anew from the image with Talos.'
}

/** What giving it back means for the bill. */
export function wayOfEnding({ capabilities, title }: Stands): string {
  return endsAtOnce(capabilities)
    ? 'It ends at once, and its cost with it.'
    : `${title} does not end it at once: until its last day it may be there, and cost.`
}
