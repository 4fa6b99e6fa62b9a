import { describe, expect, it } from 'vitest'
import { ApiError } from '@/api/errors'
import { fieldProblems, findingsOf, problemsUnder } from './problems'

const refused = (detail: Record<string, unknown>) => new ApiError(422, 'invalid', 'no', detail)

describe('fieldProblems', () => {
  it('puts each problem at the field of the form, lists and mappings included', () => {
    const error = refused({
      errors: [
        { where: 'body.endpoint', problem: 'too long' },
        { where: 'body.pod_subnets.1', problem: "Value error, '10.0.0.0/99' is none" },
        { where: 'name', problem: 'taken' },
      ],
    })
    expect(fieldProblems(error)).toEqual({
      endpoint: 'too long',
      pod_subnets: "'10.0.0.0/99' is none",
      name: 'taken',
    })
  })

  it('puts each problem of one part at its own name', () => {
    const error = refused({
      errors: [
        { where: 'body.settings.api_key', problem: 'Field required' },
        { where: 'options.image', problem: 'too long' },
        { where: 'body.name', problem: 'taken' },
      ],
    })
    expect(problemsUnder(error, 'settings')).toEqual({ api_key: 'Field required' })
    expect(problemsUnder(error, 'options')).toEqual({ image: 'too long' })
    const said = new ApiError(422, 'settings_wrong', 'settings.zones.0: no such zone: x')
    expect(problemsUnder(said, 'settings')).toEqual({ zones: 'no such zone: x' })
    expect(problemsUnder(said, 'options')).toEqual({})
  })

  it('says nothing of errors without fields', () => {
    expect(fieldProblems(new Error('x'))).toEqual({})
    expect(fieldProblems(refused({ errors: 'odd' }))).toEqual({})
  })

  it('finds the field a rule about the whole form begins with', () => {
    const problem = 'Value error, range_start 1.2.3.4 is not a usable address'
    expect(fieldProblems(refused({ errors: [{ where: 'body', problem }] }))).toEqual({
      range_start: 'range_start 1.2.3.4 is not a usable address',
    })
  })

  it('keeps what belongs to the form as a whole', () => {
    expect(fieldProblems(refused({ errors: [{ where: 'body', problem: 'two disks' }] }))).toEqual({
      '': 'two disks',
    })
  })
})

describe('findingsOf', () => {
  it('reads document, path and reason, whatever else is there', () => {
    const error = refused({
      findings: [{ document: 'VolumeConfig/X', path: 'a.b', reason: 'r' }, 3],
    })
    expect(findingsOf(error)).toEqual([{ document: 'VolumeConfig/X', path: 'a.b', reason: 'r' }])
  })
})
