import { expect, it } from 'vitest'
import type { Profile, ProfileKind } from '@/api/types'
import { fresh, fromProfile, same, toProfile } from './form'

const KIND: ProfileKind = {
  type: 'debian_preseed',
  title: 'Debian',
  description: '',
  installs: true,
  boots_kernel: true,
  config_files: ['preseed.cfg'],
  default_kernel: 'linux',
  default_initrds: ['initrd.gz'],
  default_cmdline: 'auto=true',
  default_config: 'd-i\n',
  default_parameters: { disk: '', locale: 'en_US.UTF-8' },
}
const PROFILE: Profile = {
  id: 3,
  name: 'debian-12',
  type: 'debian_preseed',
  kernel: 'linux',
  initrds: ['initrd.gz', 'firmware.cpio.gz'],
  cmdline: 'auto=true',
  config_template: 'd-i\n',
  config_name: 'preseed.cfg',
  parameters: { disk: '/dev/sda' },
  builtin: false,
  missing: [],
  created_at: '',
  updated_at: '',
}

it('starts with the defaults of its type', () => {
  const wire = toProfile(fresh(KIND, 'mine'), KIND)
  expect(wire).toEqual({
    name: 'mine',
    type: 'debian_preseed',
    kernel: 'linux',
    initrds: ['initrd.gz'],
    cmdline: 'auto=true',
    config_template: 'd-i\n',
    config_name: 'preseed.cfg',
    parameters: { disk: '', locale: 'en_US.UTF-8' },
  })
})

it('comes back from the form as it went in', () => {
  const { name, type, kernel, initrds, cmdline, config_template, config_name, parameters } = PROFILE
  const stored = { name, type, kernel, initrds, cmdline, config_template, config_name, parameters }
  expect(toProfile(fromProfile(PROFILE), KIND)).toEqual(stored)
  expect(same(fromProfile(PROFILE), fromProfile({ ...PROFILE }))).toBe(true)
})

it('sends no kernel for a type that boots none, and no parameter without a name', () => {
  const menu = { ...KIND, boots_kernel: false }
  const form = { ...fresh(KIND, 'm'), parameters: [{ name: ' ', value: 'x' }] }
  expect(toProfile(form, menu)).toMatchObject({
    kernel: null,
    initrds: [],
    cmdline: '',
    config_template: '',
    parameters: {},
  })
})
