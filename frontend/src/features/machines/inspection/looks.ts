import type { DeviceState, Inspection } from '@/api/types'
import type { StateLook } from '@/composables/machineStates'

/** How far looking inside is, and what happens next. */
export const INSPECTION_LOOKS: Record<Inspection['state'], StateLook> = {
  none: {
    tone: 'quiet',
    shape: 'dashes',
    label: 'Not looked into',
    hint: 'Nobody asked what is inside this machine.',
  },
  asked: {
    tone: 'moving',
    shape: 'hourglass',
    label: 'Asked',
    hint: 'It waits for the machine’s next network boot. A machine that is held asks every few seconds; any other needs a power cycle.',
  },
  booting: {
    tone: 'moving',
    shape: 'arrow',
    label: 'Booting',
    hint: 'The machine loads Talos into its memory. Its console shows it from the first seconds.',
  },
  looking: {
    tone: 'moving',
    shape: 'half',
    label: 'Looking',
    hint: 'Talos runs in its memory, and its disks and cards are being read.',
  },
  done: {
    tone: 'ok',
    shape: 'disc',
    label: 'Looked into',
    hint: 'What was found is below. Nothing was written.',
  },
}

/** Say whether an inspection is under way, so that it can be taken back. */
export function isLooking(inspection: Pick<Inspection, 'state'>): boolean {
  return ['asked', 'booting', 'looking'].includes(inspection.state)
}

// devices/lifecycle.py: whoever was decided upon is not looked into any more.
const UNDECIDED: DeviceState[] = ['registered', 'pending', 'lapsed']

/** Why a machine in `state` cannot be looked into; empty when it can. */
export function whyNotLook(state: DeviceState): string {
  if (UNDECIDED.includes(state)) return ''
  if (state === 'installed' || state === 'running')
    return 'It is installed: what it runs on is under Node.'
  if (state === 'conflict') return 'Its identity is contested; settle that first.'
  if (state === 'rejected') return 'It was rejected; restore it first.'
  return 'Somebody has decided about it already; reject and restore it to look inside.'
}
