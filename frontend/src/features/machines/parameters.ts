const NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/

/** Parameters as one NAME=value per line; line breaks inside a value are written \n. */
export function parameterLines(parameters: Readonly<Record<string, string>>): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`)
    .join('\n')
}

/** The reverse; `problem` names the first line that is none. */
export function parseParameters(text: string): {
  parameters: Record<string, string>
  problem: string
} {
  const parameters: Record<string, string> = {}
  for (const line of text.split('\n').filter((each) => each.trim())) {
    const at = line.indexOf('=')
    const name = line.slice(0, at).trim()
    if (at < 1 || !NAME.test(name)) return { parameters, problem: `not NAME=value: ${line}` }
    parameters[name] = line
      .slice(at + 1)
      .replace(/\\(n|\\)/g, (_, escaped) => (escaped === 'n' ? '\n' : '\\'))
  }
  return { parameters, problem: '' }
}
