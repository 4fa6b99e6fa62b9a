const UNITS: [number, string][] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
]

/** `ms` as an operator says it: 840 ms, 3.2 s, 4 min 12 s, 2 d 3 h. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`
  const at = UNITS.findIndex(([size]) => ms >= size)
  const [size, unit] = UNITS[at] ?? [1_000, 's']
  const whole = Math.floor(ms / size)
  const finer = UNITS[at + 1]
  const rest = finer ? Math.floor((ms % size) / finer[0]) : 0
  return rest && finer ? `${whole} ${unit} ${rest} ${finer[1]}` : `${whole} ${unit}`
}

/** How long ago, in one unit: "just now", "3 min ago", "in 2 h". */
export function ago(ms: number): string {
  const distance = Math.abs(ms)
  if (distance < 5_000) return 'just now'
  const [size, unit] = UNITS.find(([size]) => distance >= size) ?? [1_000, 's']
  const count = `${Math.floor(distance / size)} ${unit}`
  return ms > 0 ? `${count} ago` : `in ${count}`
}

/** Bytes in binary units, as disks of machines and files of kernels are compared. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let size = count
  let unit = 0
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024
    unit += 1
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`
}

/** A count with thousands apart, in the same way everywhere: 10 000. */
export function count(value: number): string {
  return value.toLocaleString('en-US').replaceAll(',', '\u202f')
}

/** How often, as one says it: never, once, 3 times. */
export function times(value: number): string {
  if (value === 0) return 'never'
  return value === 1 ? 'once' : `${count(value)} times`
}
