import type { Price } from '@/api/types'

// Amounts are texts, exactly as the provider wrote them. Sums are made of whole 1/10^9ths, so that
// no cent is invented by a float; only what is shown is rounded.
const PLACES = 9
const HOURS = 730n // of a month, where a provider says only one of the two

/** An amount in 1/10^9ths; null when the text is none. */
export function exact(amount: string | null | undefined): bigint | null {
  const found = /^\s*\+?(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,2}))?\s*$/.exec(amount ?? '')
  if (!found) return null
  const [, whole = '0', fraction = '', exponent = '0'] = found
  const places = PLACES + Number(exponent) - fraction.length
  const digits = BigInt(whole + fraction)
  return places >= 0 ? digits * 10n ** BigInt(places) : digits / 10n ** BigInt(-places)
}

/** With two to four places: a cent is enough for a month, an hour may cost a tenth of one. */
export function shownAmount(units: bigint, most = 4): string {
  const step = 10n ** BigInt(PLACES - most)
  const rounded = (units + step / 2n) / step
  const digits = rounded.toString().padStart(most + 1, '0')
  const whole = digits.slice(0, -most).replace(/\B(?=(\d{3})+$)/g, '\u202f')
  const fraction = digits.slice(-most).replace(/0+$/, '').padEnd(2, '0')
  return `${whole}.${fraction}`
}

/** "0.44 EUR"; a text that is no number is shown as it is. */
export function money(amount: string, currency: string, most = 4): string {
  const units = exact(amount)
  return `${units === null ? amount : shownAmount(units, most)} ${currency}`
}

/** What an hour costs, in 1/10^9ths. */
export function anHour(price: Price | null): bigint | null {
  const month = exact(price?.monthly)
  return exact(price?.hourly) ?? (month === null ? null : month / HOURS)
}

/** What a month costs, in 1/10^9ths. */
export function aMonth(price: Price | null): bigint | null {
  const hour = exact(price?.hourly)
  return exact(price?.monthly) ?? (hour === null ? null : hour * HOURS)
}

/** The price of the cheapest offer; null: none has one. */
export function cheapest(offers: readonly { price: Price | null }[]): Price | null {
  let best: { price: Price; hour: bigint } | null = null
  for (const { price } of offers) {
    const hour = anHour(price)
    if (price && hour !== null && (!best || hour < best.hour)) best = { price, hour }
  }
  return best?.price ?? null
}

/** A price in words: what is billed first, what it comes to beside it. */
export function priceWords(price: Price | null): { main: string; beside: string; once: string } {
  const hour = anHour(price)
  const month = aMonth(price)
  if (!price || hour === null || month === null)
    return { main: 'price not told', beside: '', once: '' }
  const setup = exact(price.setup)
  return {
    main: `${shownAmount(hour)} ${price.currency} an hour`,
    beside: `${price.monthly === null ? 'about ' : ''}${shownAmount(month, 2)} ${price.currency} a month`,
    once: setup ? `${shownAmount(setup, 2)} ${price.currency} once` : '',
  }
}

export interface Sum {
  currency: string
  hour: string
  month: string
  servers: number
}

/** What servers cost together, for each currency; and how many have no known price. */
export function sumsOf(prices: readonly (Price | null)[]): { sums: Sum[]; unknown: number } {
  const found = new Map<string, { hour: bigint; month: bigint; servers: number }>()
  let unknown = 0
  for (const price of prices) {
    const hour = anHour(price)
    const month = aMonth(price)
    if (!price || hour === null || month === null) {
      unknown += 1
      continue
    }
    const sum = found.get(price.currency) ?? { hour: 0n, month: 0n, servers: 0 }
    found.set(price.currency, {
      hour: sum.hour + hour,
      month: sum.month + month,
      servers: sum.servers + 1,
    })
  }
  const sums = [...found].sort(([a], [b]) => a.localeCompare(b))
  return {
    sums: sums.map(([currency, { hour, month, servers }]) => ({
      currency,
      hour: shownAmount(hour),
      month: shownAmount(month, 2),
      servers,
    })),
    unknown,
  }
}
