export interface SchematicForm {
  name: string
  notes: string
  extensions: string[]
  overlay: string
  kernel_args: string
  document: string
}

export interface OfferedExtension {
  name: string
  version: string
  author: string
  description: string
}

export interface OfferedOverlay {
  name: string
  image: string
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Extensions as the factory lists them; it is another server, so nothing is taken for granted. */
export function extensionsOf(items: readonly unknown[]): OfferedExtension[] {
  return items.map(record).flatMap((one) => {
    const name = text(one['name'])
    if (!name) return []
    const version = /:([^:@/]+)(@.*)?$/.exec(text(one['ref']))?.[1] ?? ''
    const description = text(one['description'])
      .replace(/^\[[^\]]*\]\s*/, '')
      .trim()
    return [{ name, version, author: text(one['author']), description }]
  })
}

export function overlaysOf(items: readonly unknown[]): OfferedOverlay[] {
  return items.map(record).flatMap((one) => {
    const [name, image] = [text(one['name']), text(one['image'])]
    return name && image ? [{ name, image }] : []
  })
}

/** The schematic a form means, as JSON; `document` in YAML wins when it was written by hand. */
export function schematicOf(
  form: SchematicForm,
  overlays: readonly OfferedOverlay[],
): string | Record<string, unknown> {
  if (form.document.trim()) return form.document
  const overlay = overlays.find((one) => `${one.image}/${one.name}` === form.overlay)
  const args = form.kernel_args.split(/\s+/).filter(Boolean)
  const customization = {
    ...(args.length ? { extraKernelArgs: args } : {}),
    ...(form.extensions.length
      ? { systemExtensions: { officialExtensions: [...form.extensions].sort() } }
      : {}),
  }
  return {
    ...(overlay ? { overlay: { image: overlay.image, name: overlay.name } } : {}),
    customization,
  }
}
