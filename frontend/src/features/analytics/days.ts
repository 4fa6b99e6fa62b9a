import type { components } from '@/api/schema'
import type { PlotSeries } from '@/ui/plot'

export type Day = components['schemas']['Day']

export const SPANS = [7, 30, 90]

/** The span in the URL, or the usual one when somebody wrote nonsense there. */
export function span(asked: number): number {
  return SPANS.includes(asked) ? asked : 30
}

/** reached / (reached + failed) of one day; null when nothing ended on it. */
export function rate(day: Day): number | null {
  const ended = day.reached + day.failed
  return ended === 0 ? null : day.reached / ended
}

/** Boots per day as bars on top of each other. */
export function boots(days: readonly Day[]): PlotSeries[] {
  return [
    { label: 'Reached', tone: 'ok', values: days.map((day) => day.reached) },
    { label: 'Failed', tone: 'bad', values: days.map((day) => day.failed) },
    { label: 'Undecided', tone: 'quiet', values: days.map((day) => day.undecided) },
    { label: 'Under way', tone: 'moving', values: days.map((day) => day.under_way) },
  ]
}

/** The success rate per day, in percent. */
export function rates(days: readonly Day[]): PlotSeries[] {
  const values = days.map((day) => {
    const share = rate(day)
    return share === null ? null : share * 100
  })
  return [{ label: 'Success rate', tone: 'accent', values }]
}

/** Days on which something happened, the newest first: an empty row tells nobody anything. */
export function busy(days: readonly Day[]): Day[] {
  return days
    .filter((day) => day.reached + day.failed + day.undecided + day.under_way > 0)
    .reverse()
}

// The server's words for a step: what had happened at its end.
const STEPS: Record<string, string> = {
  dhcp: 'Offered a loader',
  loader: 'Loader sent',
  script: 'Asked what to do',
  kernel: 'Fetches the kernel',
  initrd: 'Fetches the initrd',
  config: 'Fetches its config',
  done: 'Says it is installed',
}

export function stepName(step: string): string {
  return STEPS[step] ?? step
}

/** How long a bar is, in percent of the longest. */
export function share(value: number | null, longest: number): number {
  return value === null || longest === 0 ? 0 : Math.max(1, Math.round((value / longest) * 100))
}
