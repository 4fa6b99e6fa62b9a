import { describe, expect, it } from 'vitest'
import { extensionsOf, overlaysOf, schematicOf, type SchematicForm } from './schematic'

const FORM: SchematicForm = {
  name: 'storage',
  notes: '',
  extensions: [],
  overlay: '',
  kernel_args: '',
  document: '',
}
const OVERLAYS = [{ name: 'rpi_generic', image: 'siderolabs/sbc-raspberrypi' }]

describe('schematicOf', () => {
  it('leaves out what is empty, and puts extensions in one order', () => {
    expect(schematicOf(FORM, [])).toEqual({ customization: {} })
    const extensions = ['siderolabs/zfs', 'siderolabs/drbd']
    expect(schematicOf({ ...FORM, extensions, kernel_args: ' console=ttyS1  nosmt ' }, [])).toEqual(
      {
        customization: {
          extraKernelArgs: ['console=ttyS1', 'nosmt'],
          systemExtensions: { officialExtensions: ['siderolabs/drbd', 'siderolabs/zfs'] },
        },
      },
    )
  })

  it('names an overlay by image and name', () => {
    const form = { ...FORM, overlay: 'siderolabs/sbc-raspberrypi/rpi_generic' }
    expect(schematicOf(form, OVERLAYS)).toMatchObject({ overlay: OVERLAYS[0] })
  })

  it('takes a document written by hand as it is', () => {
    expect(schematicOf({ ...FORM, document: 'customization: {}\n' }, [])).toBe(
      'customization: {}\n',
    )
  })
})

it('reads what the factory offers, whatever it sends', () => {
  const ref = 'ghcr.io/siderolabs/drbd:9.2.14'
  const one = { name: 'siderolabs/drbd', ref, author: 'S', description: '[v1] drbd module\n' }
  expect(extensionsOf([one, null, 'x', { ref }])).toEqual([
    { name: 'siderolabs/drbd', version: '9.2.14', author: 'S', description: 'drbd module' },
  ])
  expect(overlaysOf([OVERLAYS[0], {}, 3])).toEqual(OVERLAYS)
})
