// The words of each filter and what people call them.
export const ROLES = { controlplane: 'control plane', worker: 'worker' } as const
export const ARCHES = { x86_64: 'x86-64', arm64: 'ARM 64', i386: 'i386' } as const
export const FIRMWARES = { bios: 'BIOS', uefi: 'UEFI' } as const

/** Those of `given` that are words of the filter: a link may say anything. */
export function known<K extends string>(
  given: readonly string[],
  words: Readonly<Record<K, unknown>>,
): K[] {
  return given.filter((each): each is K => Object.hasOwn(words, each))
}
