import { describe, expect, it } from 'vitest'
import { answersOf, questionsOf, saidOf, unanswered } from './schema'

// As Pydantic writes it.
const SETTINGS = {
  properties: {
    token: { title: 'API token', type: 'string', writeOnly: true, format: 'password' },
    endpoint: { title: 'Endpoint', type: 'string', enum: ['eu', 'us'], default: 'eu' },
    zones: {
      title: 'Zones',
      type: 'array',
      items: { type: 'string' },
      default: ['fr-par-1', 'nl-ams-1'],
      description: 'ordered in these only',
    },
    team: { title: 'Team', anyOf: [{ type: 'integer' }, { type: 'null' }], default: null },
    area: { $ref: '#/$defs/Area' },
    hardware: { title: 'Hardware', type: 'object', additionalProperties: { type: 'string' } },
    netboot: { title: 'Ask the network', type: 'boolean', default: false },
    consumer_key: { title: 'Consumer Key', description: 'Consumer key', type: 'string' },
  },
  $defs: { Area: { title: 'Area', type: 'string', const: 'europe' } },
  required: ['token', 'area'],
}
const questions = questionsOf(SETTINGS)
const named = (name: string) => questions.find((one) => one.name === name)

describe('a form made from a schema', () => {
  it('asks each setting in the way that fits it', () => {
    expect(questions.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      'token secret',
      'endpoint choice',
      'zones list',
      'team number',
      'area choice',
      'hardware pairs',
      'netboot switch',
      'consumer_key text',
    ])
    expect(named('endpoint')?.options).toEqual(['eu', 'us'])
    expect(named('area')?.options).toEqual(['europe'])
    expect(named('zones')?.help).toBe('Ordered in these only')
  })

  it('does not say the same thing twice', () => {
    expect(named('consumer_key')?.help).toBe('')
  })

  it('makes nothing of what is no schema', () => {
    expect(questionsOf(null)).toEqual([])
    expect(questionsOf({ properties: { a: 'odd' } })).toEqual([])
  })
})

describe('what is sent', () => {
  it('leaves defaults out when an account is added', () => {
    const answers = answersOf(questions)
    expect(answers['zones']).toBe('fr-par-1\nnl-ams-1')
    expect(saidOf(questions, { ...answers, token: ' s3cret\n' })).toEqual({ token: 's3cret' })
  })

  it('holds what was said, in its own type', () => {
    const answers = {
      ...answersOf(questions),
      zones: 'fr-par-2, pl-waw-2',
      team: '12',
      hardware: 'memory=ram-64g\nstorage: soft',
      netboot: true,
    }
    expect(saidOf(questions, answers)).toEqual({
      zones: ['fr-par-2', 'pl-waw-2'],
      team: 12,
      hardware: { memory: 'ram-64g', storage: 'soft' },
      netboot: true,
    })
  })

  it('keeps a stored secret that nobody typed anew, and clears what was emptied', () => {
    const known = { endpoint: 'us', consumer_key: 'abc', zones: ['fr-par-1'] }
    const answers = answersOf(questions, known)
    expect(answers['token']).toBe('')
    expect(saidOf(questions, answers, known)).toEqual({})
    expect(saidOf(questions, { ...answers, consumer_key: ' ' }, known)).toEqual({
      consumer_key: '',
    })
  })
})

it('a required secret is asked for only when none is stored', () => {
  const answers = { ...answersOf(questions), area: 'europe' }
  expect(unanswered(questions, answers).map((one) => one.name)).toEqual(['token'])
  expect(unanswered(questions, answers, ['token'])).toEqual([])
})
