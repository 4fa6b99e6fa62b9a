import { describe, expect, it } from 'vitest'
import { agentName } from './agent'
import { freshPassword, passwordFits, passwordProblem } from './password'
import type { Token } from './queries'
import { expiry, sorted, tokenState } from './tokens'

const NOW = Date.parse('2026-11-21T12:00:00Z')
const token = (id: number, more: Partial<Token> = {}): Token => ({
  id,
  name: `t${id}`,
  scope: 'viewer',
  created_at: '2026-01-01T00:00:00Z',
  ...more,
})

describe('a token', () => {
  it('is good until it ends or is revoked', () => {
    expect(tokenState(token(1), NOW)).toBe('good')
    expect(tokenState(token(1, { expires_at: '2026-11-21T12:00:00Z' }), NOW)).toBe('expired')
    expect(tokenState(token(1, { revoked_at: '2026-11-20T12:00:00Z' }), NOW)).toBe('revoked')
  })

  it('ends when it was said, or never', () => {
    expect(expiry(7, NOW)).toBe('2026-11-28T12:00:00.000Z')
    expect(expiry(0, NOW)).toBeNull()
  })

  it('that works stands first', () => {
    const dead = token(3, { revoked_at: '2026-11-20T12:00:00Z' })
    expect(sorted([token(1), dead, token(2)], NOW).map((one) => one.id)).toEqual([2, 1, 3])
  })
})

describe('a password', () => {
  it('only has to be long', () => {
    expect(passwordProblem('short')).toBe('7 more characters')
    expect(passwordFits('only letters')).toBe(true)
    expect(passwordFits('x'.repeat(1025))).toBe(false)
  })

  it('made here is long, new each time and easy to read out', () => {
    const made = freshPassword()
    expect(made).toMatch(/^([a-z2-9]{6}-){3}[a-z2-9]{6}$/)
    expect(freshPassword()).not.toBe(made)
  })
})

describe('a browser', () => {
  it('is named in two words, and shown as it stands when nobody knows it', () => {
    const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36'
    expect(agentName(chrome)).toBe('Chrome on Linux')
    expect(agentName('curl/8.5')).toBe('curl/8.5')
    expect(agentName('')).toBe('unknown')
  })
})
