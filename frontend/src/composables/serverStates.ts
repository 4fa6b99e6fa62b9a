import type { RentedServer } from '@/api/types'
import type { StateLook } from './machineStates'

/** How far a rented server's story is, as Ktizo knows it. */
const STAGES: Record<string, StateLook> = {
  wanted: {
    tone: 'moving',
    shape: 'ring',
    label: 'Being ordered',
    hint: 'The order goes out now.',
  },
  unsure: {
    tone: 'bad',
    shape: 'triangle',
    label: 'Nobody knows',
    hint: 'The answer to the order was lost. It may have been ordered and may cost: Ktizo looks for it by its tag and never orders it again by itself.',
  },
  refused: {
    tone: 'quiet',
    shape: 'cross',
    label: 'Not ordered',
    hint: 'The provider refused. It costs nothing.',
  },
  ordered: {
    tone: 'moving',
    shape: 'arrow',
    label: 'Ordered',
    hint: 'The provider is making it ready. It may cost already.',
  },
  delivered: {
    tone: 'ok',
    shape: 'disc',
    label: 'Delivered',
    hint: 'The provider calls it ready. What runs on it only the machine itself says.',
  },
  failed: {
    tone: 'bad',
    shape: 'triangle',
    label: 'Failed',
    hint: 'The provider says that it failed. It may still cost: look, then give it back.',
  },
  ending: {
    tone: 'moving',
    shape: 'hourglass',
    label: 'Given back',
    hint: 'Until its last day it may still be there, and cost.',
  },
  gone: {
    tone: 'quiet',
    shape: 'dashes',
    label: 'Gone',
    hint: 'It is not at the provider any more.',
  },
}

type Staged = Pick<RentedServer, 'stage'>

/** How a server's stage looks; a stage of a newer Ktizo is shown as it is. */
export function serverStage({ stage }: Staged): StateLook {
  const label = stage.replaceAll('_', ' ')
  return STAGES[stage] ?? { tone: 'quiet', shape: 'dashes', label, hint: '' }
}

/** Whether it is over: nothing is there that costs, as far as is known. */
export function isOver({ stage }: Staged): boolean {
  return stage === 'refused' || stage === 'gone'
}

/** Whether it cannot go on without a person, and why. Empty: it can. */
export function trouble(server: Pick<RentedServer, 'stage' | 'problem' | 'pending'>): string {
  if (isOver(server)) return ''
  if (server.pending) return server.pending
  if (server.problem) return server.problem
  return server.stage === 'unsure' || server.stage === 'failed' ? serverStage(server).hint : ''
}
