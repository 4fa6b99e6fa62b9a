import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

export interface PlotSeries {
  label: string
  /** A name of theme/tokens.css. */
  tone: 'ok' | 'bad' | 'quiet' | 'moving' | 'accent'
  values: readonly (number | null)[]
}

export interface PlotOptions {
  days: readonly string[]
  series: readonly PlotSeries[]
  /** Bars on top of each other, or one line each. */
  kind: 'bars' | 'line'
  /** The top of the axis; without it, what the values need. */
  top?: number
  show: (value: number) => string
}

/** Sums from the first series up, so that bars drawn from the last to the first look stacked. */
export function stacked(series: readonly PlotSeries[]): (number | null)[][] {
  const below: number[] = []
  return series.map(({ values }) =>
    values.map((value, day) => {
      below[day] = (below[day] ?? 0) + (value ?? 0)
      return below[day]
    }),
  )
}

/** What a colour of the theme is now; a canvas knows neither var() nor light-dark(). */
function colour(host: HTMLElement, name: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(--${name})`
  host.append(probe)
  const found = getComputedStyle(probe).color
  probe.remove()
  return found
}

/** Draw the chart into `host`; call `destroy` on what comes back. */
export function draw(host: HTMLElement, options: PlotOptions, width: number): uPlot {
  const { days, series, kind, top, show } = options
  const at = days.map((day) => Date.parse(`${day}T12:00:00Z`) / 1000)
  const heights = kind === 'bars' ? stacked(series) : series.map(({ values }) => [...values])
  const order = series.map((_, index) => index)
  if (kind === 'bars') order.reverse() // the tallest behind
  const bars = uPlot.paths.bars?.({ size: [0.7, 40], radius: 0 })
  const axis = {
    stroke: colour(host, 'ink-faint'),
    grid: { stroke: colour(host, 'line'), width: 1 },
  }
  const plot: uPlot.Options = {
    width,
    height: 190,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    scales: {
      x: { time: true, range: (_, low, high) => [low - 43_200, high + 43_200] },
      y: { range: (_, __, high) => [0, top ?? Math.max(4, high * 1.1)] },
    },
    axes: [
      { ...axis, ticks: axis.grid, space: 60 },
      { ...axis, ticks: axis.grid, size: 56, values: (_, ticks) => ticks.map(whole(show)) },
    ],
    series: [
      { label: 'Day', value: '{YYYY}-{MM}-{DD}' },
      ...order.map((index): uPlot.Series => {
        const one = series[index] as PlotSeries
        const ink = colour(host, one.tone)
        return {
          label: one.label,
          stroke: ink,
          fill: kind === 'bars' ? ink : undefined,
          width: kind === 'bars' ? 0 : 2,
          paths: kind === 'bars' ? bars : undefined,
          points: { show: kind === 'line', size: 5 },
          spanGaps: true,
          value: (_, __, ___, day) => {
            const value = day === null ? null : one.values[day]
            return value === null || value === undefined ? '–' : show(value)
          },
        }
      }),
    ],
    cursor: { y: false, drag: { x: false, y: false } },
  }
  return new uPlot(plot, [at, ...order.map((index) => heights[index] ?? [])], host)
}

function whole(show: (value: number) => string): (tick: number) => string {
  return (tick) => (Number.isInteger(tick) ? show(tick) : '')
}
