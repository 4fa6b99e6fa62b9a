/** Where to go after sign-in: a path of ours, never somebody else's address. */
export function ownPath(asked: unknown): string {
  if (typeof asked !== 'string') return '/'
  // "//host", "/\host" and control characters are addresses elsewhere to a browser.
  return /^\/(?![/\\])[^\\\p{Cc}]*$/u.test(asked) ? asked : '/'
}
