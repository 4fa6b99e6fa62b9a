import { PASSWORD_SHORTEST } from './queries'

/** Why this password will not do, or nothing. The server's one rule is length, so is ours. */
export function passwordProblem(password: string): string {
  if (password.length >= PASSWORD_SHORTEST || password === '') return ''
  return `${PASSWORD_SHORTEST - password.length} more characters`
}

export function passwordFits(password: string): boolean {
  return password.length >= PASSWORD_SHORTEST && password.length <= 1024
}

const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789' // nothing that looks like something else

/** A password to hand over: 24 characters, about 118 bits, in groups. */
export function freshPassword(): string {
  const picked: string[] = []
  while (picked.length < 24) {
    const [byte = 255] = crypto.getRandomValues(new Uint8Array(1))
    // 248 = 8 * 31: what lies above would make the first letters likelier.
    if (byte < 248) picked.push(LETTERS[byte % LETTERS.length] ?? '')
  }
  return (picked.join('').match(/.{6}/g) ?? []).join('-')
}
