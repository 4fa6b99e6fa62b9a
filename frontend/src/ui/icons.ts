// Drawn on a 16-unit grid with a 1.5 stroke. Ours, so nothing is fetched and one style holds.
export const icons = {
  home: 'M2 8l6-5 6 5M4 7v6h8V7',
  machines: 'M2 3h12v4H2zM2 9h12v4H2zM5 5h.01M5 11h.01',
  pending: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM8 5v3.5l2 1.5',
  servers: 'M4.5 12.5a3 3 0 0 1-.3-6A4 4 0 0 1 12 7.2a2.7 2.7 0 0 1-.4 5.3z',
  clusters: 'M5 9h6v4H5zM2 3h5v4H2zM9 3h5v4H9z',
  profiles: 'M4 2h6l3 3v9H4zM10 2v3h3M6 8h5M6 11h5',
  images: 'M8 2l6 3v6l-6 3-6-3V5zM2 5l6 3 6-3M8 8v6',
  network: 'M8 2v4M3 14v-3h10v3M8 6v5M6 2h4v3H6z',
  analytics: 'M2 14h12M4 11V8M7 11V4M10 11V6M13 11V9',
  audit: 'M3 2h10v12H3zM5.5 5h5M5.5 8h5M5.5 11h3',
  settings: 'M2 4h7M13 4h1M2 8h2M8 8h6M2 12h6M12 12h2M11 2.5v3M6 6.5v3M10 10.5v3',
  search: 'M7 2a5 5 0 1 1 0 10A5 5 0 0 1 7 2zM11 11l3 3',
  light:
    'M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1',
  dark: 'M13 9.5A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.5z',
  auto: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM8 2v12M8 5h4M8 8h5.5M8 11h4',
  person: 'M8 2.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5zM3 14c0-3 2-4.5 5-4.5s5 1.5 5 4.5',
  close: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  copy: 'M6 6h8v8H6zM10 3.5V2H2v8h1.5',
  check: 'M3 8.5l3.5 3.5L13 4.5',
  down: 'M4 6l4 4 4-4',
  up: 'M4 10l4-4 4 4',
  right: 'M6 4l4 4-4 4',
  left: 'M10 4L6 8l4 4',
  menu: 'M2 4h12M2 8h12M2 12h12',
  more: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  refresh: 'M13 8a5 5 0 1 1-1.5-3.5M13 2v3h-3',
  warning: 'M8 2l6.5 12h-13zM8 6.5v3.5M8 12h.01',
  info: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM8 7.5V11M8 5h.01',
  plus: 'M8 3v10M3 8h10',
  trash: 'M3 4h10M6 4V2h4v2M4.5 4l.5 10h6l.5-10',
  edit: 'M2.5 13.5l.5-3L11 2.5l2.5 2.5-8 8z',
  eye: 'M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 6a2 2 0 1 1 0 4 2 2 0 0 1 0-4z',
  download: 'M8 2v8M4.5 7L8 10.5 11.5 7M2.5 13.5h11',
  upload: 'M8 11V3M4.5 6L8 2.5 11.5 6M2.5 13.5h11',
  play: 'M4.5 2.5l8.5 5.5-8.5 5.5z',
  power: 'M8 2v6M4.8 4.2a5 5 0 1 0 6.4 0',
  stop: 'M3.5 3.5h9v9h-9z',
  key: 'M5 7.5a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM7.2 8.3L13.5 2M11 4.5l2 2',
  out: 'M6 2H2.5v12H6M7 8h7M11 5l3 3-3 3',
  filter: 'M2 3h12L9.5 8.5V13l-3 1V8.5z',
} as const

export type IconName = keyof typeof icons

// States tell themselves apart by outline alone, without colour (WCAG 1.4.1).
export const shapes = {
  disc: 'M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13z',
  ring: 'M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zm0 2.6a3.9 3.9 0 1 0 0 7.8 3.9 3.9 0 0 0 0-7.8z',
  dashes:
    'M1.5 1.5h4v2.2H3.7v1.8H1.5zM10.5 1.5h4v4h-2.2V3.7h-1.8zM1.5 10.5h2.2v1.8h1.8v2.2h-4zM12.3 10.5h2.2v4h-4v-2.2h1.8z',
  square: 'M2 2h12v12H2z',
  diamond: 'M8 .8L15.2 8 8 15.2.8 8z',
  triangle: 'M8 1l7.4 13.5H.6zM7.1 6v4.2h1.8V6zm0 5.3v1.8h1.8v-1.8z',
  cross:
    'M3.6 1.4L8 5.8l4.4-4.4 2.2 2.2L10.2 8l4.4 4.4-2.2 2.2L8 10.2l-4.4 4.4-2.2-2.2L5.8 8 1.4 3.6z',
  arrow: 'M6 1h4v6h4l-6 8-6-8h4z',
  loop: 'M8 1.5V0l4 3-4 3V4.2A4 4 0 1 0 12 8h2.6A6.6 6.6 0 1 1 8 1.5z',
  hourglass: 'M2.5 1h11v2.2L9.6 8l3.9 4.8V15h-11v-2.2L6.4 8 2.5 3.2z',
  half: 'M8 1.5v13a6.5 6.5 0 0 1 0-13zM8.9 1.6a6.5 6.5 0 0 1 0 12.8v-2a4.6 4.6 0 0 0 0-8.8z',
} as const

export type ShapeName = keyof typeof shapes
export type Tone = 'ok' | 'moving' | 'bad' | 'info' | 'quiet'
