import { expect, it } from 'vitest'
import { byMinor } from './versions'

it('sorts versions as releases follow each other', () => {
  const items = ['v1.9.5', 'v1.12.2', 'v1.12.11', 'v1.14.0-rc.1', 'v1.14.0', 'nightly', 3]
  expect(byMinor(items)).toEqual([
    { minor: 'v1.14', versions: ['v1.14.0', 'v1.14.0-rc.1'] },
    { minor: 'v1.12', versions: ['v1.12.11', 'v1.12.2'] },
    { minor: 'v1.9', versions: ['v1.9.5'] },
  ])
})
