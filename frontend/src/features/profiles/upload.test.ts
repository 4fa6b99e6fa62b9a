import { expect, it } from 'vitest'
import { checksumIn, fileName } from './upload'

const SUM = 'AB'.repeat(32)

it('finds the checksum in a line of SHA256SUMS', () => {
  expect(checksumIn(`${SUM} *linux`)).toBe(SUM.toLowerCase())
  expect(checksumIn(SUM)).toBe(SUM.toLowerCase())
  expect(checksumIn(`${SUM}ab`)).toBeNull()
  expect(checksumIn('')).toBeNull()
})

it('makes a name the server takes', () => {
  expect(fileName('initrd.img-6.1+x')).toBe('initrd.img-6.1+x')
  expect(fileName('my file (1).iso')).toBe('my-file-1-.iso')
  expect(fileName('../../etc')).toBe('etc')
  expect(fileName('…')).toBe('file')
})
