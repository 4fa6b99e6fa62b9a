const VERSION = /^v?(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]{1,20})?$/

/** Say whether `text` is a whole version, as 1.12.3 or v1.14.0-rc.1. */
export function isVersion(text: string): boolean {
  return VERSION.test(text.trim())
}

function parts(text: string): [number, number, number] | null {
  const found = VERSION.exec(text.trim())
  return found ? [Number(found[1]), Number(found[2]), Number(found[3])] : null
}

/** What a person should know before going from `now` to `then`; empty when nothing is odd. */
export function stepWarning(now: string, then: string): string {
  const [a, b] = [parts(now), parts(then)]
  if (!a || !b) return ''
  const order = a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
  if (order === 0) return now.includes('-') || then.includes('-') ? '' : 'It is of this version.'
  if (order > 0) return 'This is older than what it is: going back is not tried out by anybody.'
  if (a[0] === b[0] && b[1] - a[1] > 1)
    return `It skips ${b[1] - a[1] - 1} minor version${b[1] - a[1] > 2 ? 's' : ''}: go one at a time.`
  return ''
}

/** Of `all`, what one can go to from `now`: newer, and at most the next minor version. */
export function within(all: readonly string[], now: string): string[] {
  const from = parts(now)
  if (!from) return [...all]
  return all.filter((one) => {
    const to = parts(one)
    if (!to || to[0] !== from[0]) return false
    const minors = to[1] - from[1]
    return minors === 1 || (minors === 0 && to[2] > from[2])
  })
}
