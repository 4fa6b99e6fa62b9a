/** Put `text` on the clipboard; also where the browser has no clipboard API (plain http). */
export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    // A dialog keeps focus inside itself, so the field goes where focus is.
    const here = document.activeElement
    const field = document.createElement('textarea')
    field.value = text
    field.className = 'hidden-visually'
    const parent = here?.parentElement ?? document.body
    parent.append(field)
    field.select()
    document.execCommand('copy')
    field.remove()
    if (here instanceof HTMLElement) here.focus()
  }
}
