import { expect, it } from 'vitest'
import { diffLines } from './diff'

it('tells heads from removed document marks', () => {
  const text = '--- served\n+++ now\n@@ -1,2 +1,2 @@\n same\n----\n-a: 1\n+a: 2'
  expect(diffLines(text).map((line) => line.kind)).toEqual([
    'place',
    'place',
    'place',
    'same',
    'gone',
    'gone',
    'add',
  ])
})

it('has no lines for no difference', () => expect(diffLines('')).toEqual([]))
