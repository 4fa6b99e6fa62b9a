import type { Device, DeviceChange } from '@/api/types'

/** What the edit form holds; '' stands for "none". */
export interface Draft {
  hostname: string
  role: '' | 'controlplane' | 'worker'
  notes: string
  tags: string[]
  handover: 'sanboot' | 'exit' | 'http_404'
}

type Said = Pick<Device, 'hostname' | 'role' | 'notes' | 'tags' | 'handover'>

export function draftOf(machine: Said): Draft {
  const { role, handover } = machine
  return {
    hostname: machine.hostname ?? '',
    role: role === 'controlplane' || role === 'worker' ? role : '',
    notes: machine.notes,
    tags: [...machine.tags],
    handover: handover === 'exit' || handover === 'http_404' ? handover : 'sanboot',
  }
}

/** Only what differs, so that two people editing different fields do not undo each other. */
export function changesOf(machine: Said, draft: Draft): DeviceChange {
  const before = draftOf(machine)
  const hostname = draft.hostname.trim().toLowerCase()
  const changes: DeviceChange = {}
  if (hostname !== before.hostname) changes.hostname = hostname || null
  if (draft.role !== before.role) changes.role = draft.role || null
  if (draft.notes !== before.notes) changes.notes = draft.notes
  if (draft.tags.join('\n') !== before.tags.join('\n')) changes.tags = [...draft.tags]
  if (draft.handover !== before.handover) changes.handover = draft.handover
  return changes
}
