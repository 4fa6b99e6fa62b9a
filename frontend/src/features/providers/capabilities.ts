/** What a provider can do, in words; nothing is said that the provider does not declare. */
const WORDS: Record<string, { label: string; hint: string }> = {
  ipxe_at_create: {
    label: 'iPXE when ordered',
    hint: 'It boots from Ktizo as soon as it is delivered.',
  },
  ipxe_reinstall: {
    label: 'iPXE reinstall',
    hint: 'It can be erased and booted from Ktizo again at any time.',
  },
  ipxe_persistent: {
    label: 'iPXE at every boot',
    hint: 'It can be set to ask the network at every boot.',
  },
  needs_ssh_rescue: {
    label: 'Talos by rescue system',
    hint: 'It does not boot from the network: Ktizo starts the rescue system and goes in over SSH.',
  },
  image_reinstall: {
    label: 'Talos by image',
    hint: 'It does not boot from the network: the provider writes its disk from an image with Talos.',
  },
  dry_run: {
    label: 'Dry run',
    hint: 'The provider checks an order before it costs anything.',
  },
  delete_immediate: {
    label: 'Ends at once',
    hint: 'Giving a server back ends it, and its cost, at once.',
  },
  hourly: { label: 'By the hour', hint: 'Paid by the hour.' },
  virtual_machine: { label: 'Virtual machines', hint: 'It has virtual machines, too.' },
}

// What is missing matters as much when money is at stake.
const MISSING: Record<string, { label: string; hint: string }> = {
  delete_immediate: {
    label: 'Does not end at once',
    hint: 'A server given back may be there, and cost, until its last day.',
  },
  hourly: { label: 'By the month', hint: 'Paid by the month, ahead.' },
}

export interface Badge {
  key: string
  label: string
  hint: string
  has: boolean
}

/** Badges of a provider: what it can, then what it cannot and costs something. */
export function badgesOf(capabilities: readonly string[]): Badge[] {
  const can = capabilities.map((key) => ({
    key,
    has: true,
    label: key.replaceAll('_', ' '),
    hint: '',
    ...WORDS[key],
  }))
  const order = Object.keys(WORDS)
  can.sort((a, b) => order.indexOf(a.key) - order.indexOf(b.key))
  const cannot = Object.entries(MISSING)
    .filter(([key]) => !capabilities.includes(key))
    .map(([key, words]) => ({ key, has: false, ...words }))
  return [...can, ...cannot]
}

const REINSTALLS = ['ipxe_reinstall', 'needs_ssh_rescue', 'image_reinstall']

/** Whether Ktizo can install one of its servers anew. */
export function reinstalls(capabilities: readonly string[]): boolean {
  return capabilities.some((one) => REINSTALLS.includes(one))
}

/** Whether giving a server back ends it at once. */
export function endsAtOnce(capabilities: readonly string[]): boolean {
  return capabilities.includes('delete_immediate')
}

const REACHES = ['ipxe_at_create', 'ipxe_reinstall', 'needs_ssh_rescue']

/** Whether its machines ask Ktizo for what they boot, and so have to reach it. */
export function reachesKtizo(capabilities: readonly string[]): boolean {
  return capabilities.some((one) => REACHES.includes(one))
}
