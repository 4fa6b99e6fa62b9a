import type { EtcdMember, Health } from '@/api/types'

/** Members with a vote, how many of them are up, and how many more may be lost. */
export interface Quorum {
  voters: number
  up: number
  needed: number
  /** Below zero: it is lost already. */
  spare: number
  said: string
}

const be = (number: number) => (number === 1 ? 'is' : 'are')

/** The arithmetic of etcd's quorum, as one says it. Learners do not vote yet. */
export function quorumOf(health: Pick<Health, 'etcd' | 'quorum'>): Quorum {
  const voting = health.etcd.filter((member) => !member.learner)
  const voters = voting.length
  const up = voting.filter((member) => member.healthy).length
  const needed = health.quorum || Math.floor(voters / 2) + 1
  const spare = up - needed
  const sum = `${voters} with a vote, ${needed} must be up, ${up} ${be(up)}`
  const so =
    spare < 0
      ? `${-spare} too few, so nothing can be changed`
      : spare === 0
        ? 'none may be lost'
        : `${spare} more may be lost`
  return { voters, up, needed, spare, said: `${sum}: ${so}.` }
}

/** What a member of etcd is at the moment. */
export function memberWords(member: EtcdMember): string {
  const words = [member.leader && 'leader', member.learner && 'learner, no vote yet']
  return words.filter(Boolean).join(', ') || 'follower'
}
