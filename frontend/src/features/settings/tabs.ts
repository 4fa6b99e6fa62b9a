export const TABS = [
  { key: 'me', label: 'My sessions and password', admin: false },
  { key: 'people', label: 'People', admin: true },
  { key: 'tokens', label: 'API tokens', admin: true },
  { key: 'appearance', label: 'Appearance', admin: false },
  { key: 'about', label: 'About', admin: false },
] as const

export type Tab = (typeof TABS)[number]['key']

/** The part named in the URL, or the first. */
export function tabOf(asked: string): Tab {
  return TABS.find((tab) => tab.key === asked)?.key ?? 'me'
}
