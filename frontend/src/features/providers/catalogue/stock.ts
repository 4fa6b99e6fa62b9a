import type { Offer } from '@/api/types'

export interface Stock {
  key: 'yes' | 'no' | 'unsaid'
  tone: 'ok' | 'bad' | 'quiet'
  shape: 'disc' | 'cross' | 'dashes'
  label: string
  hint: string
}

/** Whether there is one to be had; three answers that no colour is needed for. */
export function stock(in_stock: boolean | null): Stock {
  if (in_stock === null)
    return {
      key: 'unsaid',
      tone: 'quiet',
      shape: 'dashes',
      label: 'stock not told',
      hint: 'The provider does not say; only an order shows.',
    }
  return in_stock
    ? { key: 'yes', tone: 'ok', shape: 'disc', label: 'in stock', hint: 'Said by the provider.' }
    : { key: 'no', tone: 'bad', shape: 'cross', label: 'sold out', hint: 'Said by the provider.' }
}

const ORDER = ['yes', 'unsaid', 'no'] as const

/** Regions put together by stock: where there is one first. */
export function stockGroups(offers: readonly Offer[]): { look: Stock; regions: string[] }[] {
  const looks = offers.map(({ region, in_stock }) => ({ region, look: stock(in_stock) }))
  return ORDER.flatMap((key) => {
    const found = looks.filter(({ look }) => look.key === key)
    const [first] = found
    return first ? [{ look: first.look, regions: found.map(({ region }) => region) }] : []
  })
}

/** Offers in the order one would try them: in stock first, then the cheapest. */
export function byChance(offers: readonly Offer[], hour: (offer: Offer) => bigint | null): Offer[] {
  const rank = (offer: Offer) => ORDER.indexOf(stock(offer.in_stock).key)
  return [...offers].sort((a, b) => {
    if (rank(a) !== rank(b)) return rank(a) - rank(b)
    const [one, other] = [hour(a), hour(b)]
    if (one === null || other === null) return Number(one === null) - Number(other === null)
    return one < other ? -1 : Number(one > other)
  })
}
