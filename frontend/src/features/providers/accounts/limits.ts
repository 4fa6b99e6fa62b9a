import type { AccountChange, NewAccount, ProviderAccount } from '@/api/types'
import { exact, money } from '@/features/providers/money'

/** The limits of an account as they are typed. */
export interface Limits {
  max_hourly: string
  max_setup: string
  currency: string
}

export function limitsOf(account: ProviderAccount | null): Limits {
  return {
    max_hourly: account?.max_hourly ?? '',
    max_setup: account && exact(account.max_setup) ? account.max_setup : '',
    currency: account?.currency ?? 'EUR',
  }
}

type Sent = Required<Pick<NewAccount & AccountChange, 'max_hourly' | 'max_setup' | 'currency'>>

/** A comma is what much of Europe writes; empty means: nothing an hour, nothing once. */
export function sentLimits({ max_hourly, max_setup, currency }: Limits): Sent {
  const hour = max_hourly.trim().replace(',', '.')
  return {
    max_hourly: hour === '' ? null : hour,
    max_setup: max_setup.trim().replace(',', '.') || '0',
    currency: currency.trim().toUpperCase(),
  }
}

/** What an amount is not: a number. Empty is fine. */
export function amountProblem(typed: string): string {
  const text = typed.trim().replace(',', '.')
  return text === '' || exact(text) !== null ? '' : 'Not an amount: write it as 0.50.'
}

/** What may be ordered, in words. */
export function limitWords(account: ProviderAccount): string {
  if (account.max_hourly === null) return 'Nothing may be ordered: no maximum is set.'
  const once = exact(account.max_setup)
    ? `up to ${money(account.max_setup, account.currency)} once`
    : 'no setup fee'
  return `Up to ${money(account.max_hourly, account.currency)} an hour for a server, ${once}.`
}
