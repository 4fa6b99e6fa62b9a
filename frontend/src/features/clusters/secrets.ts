import { api, ok } from '@/api/client'

export const SECRETS = {
  kubeconfig: {
    file: 'kubeconfig',
    verb: 'Make a kubeconfig',
    what: 'Administers Kubernetes, with kubectl. Works as soon as the API server runs.',
    cli: 'kubeconfig',
  },
  talosconfig: {
    file: 'talosconfig',
    verb: 'Make a talosconfig',
    what: 'Speaks to the machines themselves, with talosctl.',
    cli: 'talosconfig',
  },
  export: {
    file: 'secrets.yaml',
    verb: 'Export secrets.yaml',
    what: 'Everything: whoever has it owns the cluster. For a safe, or to move elsewhere.',
    cli: 'export',
  },
} as const

export type SecretKind = keyof typeof SECRETS

export interface SecretForm {
  reason: string
  hours: number
  roles: string[]
}

/** Ask for a secret as text. It is returned once and kept nowhere by us. */
export async function askFor(kind: SecretKind, key: string, form: SecretForm): Promise<string> {
  const params = { path: { key } }
  const reason = form.reason.trim()
  const { hours, roles } = form
  const parseAs = 'text' as const
  if (kind === 'export') {
    const path = '/api/v1/clusters/{key}/secrets/export'
    return String(await ok(api.POST(path, { params, body: { reason }, parseAs })))
  }
  if (kind === 'kubeconfig') {
    const path = '/api/v1/clusters/{key}/kubeconfig'
    return String(await ok(api.POST(path, { params, body: { reason, hours }, parseAs })))
  }
  const path = '/api/v1/clusters/{key}/talosconfig'
  return String(await ok(api.POST(path, { params, body: { reason, hours, roles }, parseAs })))
}

/** Hand a text to the person as a file. */
export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/yaml' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
