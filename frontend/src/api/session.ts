import type { components } from './schema'

export type Session = components['schemas']['SessionView']
export type Person = components['schemas']['Me']
export type Role = Person['role']
