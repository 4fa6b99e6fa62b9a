import { onScopeDispose } from 'vue'
import { useQueryClient } from '@tanstack/vue-query'
import type { KtizoEvent } from '@/api/types'
import { useLive } from './useLive'

// The first part of every query key is its room. What an event of a kind makes old:
const ROOMS: [RegExp, string[]][] = [
  [/^(lan_|dhcp_|tftp_|loader_)/, ['network']],
  [/^cluster_/, ['clusters', 'devices']],
  [/^profile_|^asset_/, ['profiles']],
  [/^(image|schematic)_/, ['images']],
  [/^node_(state|trouble|drift|order)$/, ['nodes']],
  [/^(handed_over|disk_missing|inspected)$/, ['nodes']],
  [/^work_/, ['works', 'nodes']],
  // A rented server is shown with the state of its machine.
  [/^(server_\w+|approved|rejected|restored|removed|done|boot_loop|lease_\w+)$/, ['servers']],
  // How many servers an account has decides what can be done with it.
  [/^server_(ordered|gone)$/, ['accounts']],
  [/^server_arrived$/, ['devices']],
  [/^account_changed$/, ['accounts', 'providers', 'servers']],
  // What a work leaves behind: another version, another member, another state.
  [/^work_(started|stopped|ended)$/, ['clusters', 'devices']],
]
const MACHINE = ['devices', 'home', 'analytics']
const OWN = /^(lan_|cluster_|profile_|asset_|image_|schematic_|writer_|work_|server_|account_)/
const GATHER_MS = 1_000

/** Which rooms' queries an event makes old. */
export function roomsOf(event: Pick<KtizoEvent, 'kind'>): string[] {
  const named = ROOMS.filter(([kinds]) => kinds.test(event.kind)).flatMap(([, rooms]) => rooms)
  return OWN.test(event.kind) ? [...named, 'audit', 'home'] : [...named, ...MACHINE]
}

/** Refetch what live events made old: at most once a second, however hard the fleet boots. */
export function useLiveQueries(): void {
  const client = useQueryClient()
  const { onEvents, onReset } = useLive()
  const old = new Set<string>()
  let timer: ReturnType<typeof setTimeout> | undefined

  function refetch(): void {
    timer = undefined
    const rooms = [...old]
    old.clear()
    for (const room of rooms) void client.invalidateQueries({ queryKey: [room] })
  }

  onEvents((events) => {
    for (const event of events) for (const room of roomsOf(event)) old.add(room)
    timer ??= setTimeout(refetch, GATHER_MS)
  })
  onReset(() => void client.invalidateQueries())
  onScopeDispose(() => clearTimeout(timer))
}
