import { describe, expect, test } from 'vitest'
import { yamlLines } from './yaml'

const kinds = (text: string) => yamlLines(text).map((line) => line.map((part) => part.kind))
const back = (text: string) =>
  yamlLines(text)
    .map((line) => line.map((part) => part.text).join(''))
    .join('\n')

describe('YAML for eyes', () => {
  test('tells keys, words, texts and comments apart', () => {
    expect(kinds('a: true # why\nb: "x"\n# all')).toEqual([
      ['', 'key', '', 'word', 'comment'],
      ['', 'key', '', 'text'],
      ['comment'],
    ])
  })

  test.each([
    'machine:\n  ca: x\n- a: [1]',
    'no yaml at all: : :',
    '<img src=x>',
    '"quo: ted": 1',
    '',
  ])('never loses a character: %j', (text) => {
    expect(back(text)).toBe(text)
  })
})
