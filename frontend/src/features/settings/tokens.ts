import type { Token } from './queries'

export type TokenState = 'good' | 'expired' | 'revoked'

/** What a token is worth now. */
export function tokenState(token: Token, now: number): TokenState {
  if (token.revoked_at) return 'revoked'
  if (token.expires_at && Date.parse(token.expires_at) <= now) return 'expired'
  return 'good'
}

export const LIFETIMES = [
  { days: 7, label: '7 days' },
  { days: 30, label: '30 days' },
  { days: 90, label: '90 days' },
  { days: 365, label: 'a year' },
  { days: 0, label: 'never' },
]

/** When a token made now ends; null: never. */
export function expiry(days: number, now: number): string | null {
  return days > 0 ? new Date(now + days * 86_400_000).toISOString() : null
}

/** Tokens that work first, then the newest. */
export function sorted(tokens: readonly Token[], now: number): Token[] {
  const dead = (token: Token) => Number(tokenState(token, now) !== 'good')
  return [...tokens].sort((a, b) => dead(a) - dead(b) || b.id - a.id)
}
