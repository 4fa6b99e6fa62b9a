import type { Profile, ProfileChange, ProfileKind, ProfileType } from '@/api/types'

export interface Parameter {
  name: string
  value: string
}

/** A boot profile as a form holds it. */
export interface ProfileForm {
  name: string
  type: ProfileType
  kernel: string
  initrds: string
  cmdline: string
  config_template: string
  config_name: string
  parameters: Parameter[]
}

function rows(parameters: Record<string, string>): Parameter[] {
  return Object.entries(parameters).map(([name, value]) => ({ name, value }))
}

/** What a new profile of this type starts with. */
export function fresh(kind: ProfileKind, name = ''): ProfileForm {
  return {
    name,
    type: kind.type,
    kernel: kind.default_kernel ?? '',
    initrds: kind.default_initrds.join(', '),
    cmdline: kind.default_cmdline,
    config_template: kind.default_config,
    config_name: kind.config_files[0] ?? '',
    parameters: rows(kind.default_parameters),
  }
}

export function fromProfile(profile: Profile): ProfileForm {
  return {
    name: profile.name,
    type: profile.type,
    kernel: profile.kernel ?? '',
    initrds: profile.initrds.join(', '),
    cmdline: profile.cmdline,
    config_template: profile.config_template,
    config_name: profile.config_name,
    parameters: rows(profile.parameters),
  }
}

/** A form as the server takes it: all of it, for what is left out would be the type's default. */
export function toProfile(form: ProfileForm, kind: ProfileKind | undefined): ProfileChange {
  const boots = kind?.boots_kernel ?? true
  const named = form.parameters.filter((one) => one.name.trim())
  return {
    name: form.name.trim(),
    type: form.type,
    kernel: boots ? form.kernel.trim() || null : null,
    initrds: boots ? form.initrds.split(/[\s,]+/).filter(Boolean) : [],
    cmdline: boots ? form.cmdline.trim() : '',
    config_template: boots ? form.config_template : '',
    config_name: boots ? form.config_name.trim() || null : null,
    parameters: Object.fromEntries(named.map((one) => [one.name.trim(), one.value])),
  }
}

/** Whether two forms mean the same. */
export function same(a: ProfileForm, b: ProfileForm): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
