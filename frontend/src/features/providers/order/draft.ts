import type { Wish } from '@/api/types'
import { saidOf, type Answers, type Question } from '@/features/providers/schema'

/** Whether and as what a machine is let in when it asks first. */
export interface Arrival {
  on: boolean
  role: '' | 'controlplane' | 'worker'
  cluster: string
  install_disk: string
}

export function noArrival(): Arrival {
  return { on: false, role: '', cluster: '', install_disk: '' }
}

/** What an order is being written as. */
export interface Draft {
  name: string
  regions: string[]
  keys: string[]
  answers: Answers
  arrival: Arrival
}

/** The approval that goes with an order; null: it waits for one. A disk without a cluster has no
 * owner and is left out. */
export function arrivalOf(arrival: Arrival, name: string): Wish['approve'] {
  if (!arrival.on) return null
  const disk = arrival.cluster ? arrival.install_disk.trim() : ''
  return {
    hostname: name,
    ...(arrival.role ? { role: arrival.role } : {}),
    ...(arrival.cluster ? { cluster: arrival.cluster } : {}),
    ...(disk ? { install_disk: disk } : {}),
  }
}

/** The request that a draft is. */
export function wishOf(
  draft: Draft,
  of: { account: string; plan: string },
  questions: readonly Question[],
): Wish {
  const name = draft.name.trim().toLowerCase()
  return {
    account: of.account,
    plan: of.plan,
    name,
    regions: draft.regions,
    ssh_keys: draft.keys,
    options: saidOf(questions, draft.answers),
    approve: arrivalOf(draft.arrival, name),
  }
}

/** `list` with what is at `at` moved by `step`; at the ends nothing moves. */
export function moved<T>(list: readonly T[], at: number, step: 1 | -1): T[] {
  const to = at + step
  const next = [...list]
  const [one, other] = [next[at], next[to]]
  if (one === undefined || other === undefined) return next
  next[at] = other
  next[to] = one
  return next
}
