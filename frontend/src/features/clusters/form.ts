import type { Cluster, ClusterSettings } from '@/api/types'

export interface MirrorRow {
  registry: string
  endpoints: string
  override_path: boolean
  skip_fallback: boolean
}

/** A cluster's settings as a form holds them: lists as text, every field always there. */
export interface ClusterForm {
  name: string
  endpoint: string
  vip: string
  pod_subnets: string
  service_subnets: string
  dns_domain: string
  cni: 'flannel' | 'none' | 'custom'
  cni_urls: string
  talos_version: string
  kubernetes_version: string
  schematic: string
  install_image: string
  disk_by: 'path' | 'selector' | 'match'
  install_disk: string
  selector: { key: string; value: string }[]
  install_disk_match: string
  gateway: string
  nameservers: string
  time_servers: string
  mirrors: MirrorRow[]
  cert_sans: string
  schedule_on_control_planes: boolean
  discovery: boolean
  kubespan: 'default' | 'on' | 'off'
}

/** The keys of Talos's diskSelector. */
export const SELECTOR_KEYS = [
  'size',
  'name',
  'model',
  'serial',
  'modalias',
  'uuid',
  'wwid',
  'type',
  'busPath',
] as const

/** Words of a text: what stands between commas, blanks and line ends. */
export function words(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean)
}

export function blankForm(): ClusterForm {
  return {
    name: '',
    endpoint: '',
    vip: '',
    pod_subnets: '',
    service_subnets: '',
    dns_domain: 'cluster.local',
    cni: 'flannel',
    cni_urls: '',
    talos_version: 'v1.12.11',
    kubernetes_version: '',
    schematic: '',
    install_image: '',
    disk_by: 'path',
    install_disk: '/dev/sda',
    selector: [],
    install_disk_match: '',
    gateway: '',
    nameservers: '',
    time_servers: '',
    mirrors: [],
    cert_sans: '',
    schedule_on_control_planes: false,
    discovery: true,
    kubespan: 'default',
  }
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function diskBy(cluster: ClusterSettings): ClusterForm['disk_by'] {
  if (cluster.install_disk_match) return 'match'
  return Object.keys(cluster.install_disk_selector).length ? 'selector' : 'path'
}

/** A stored cluster as a form. */
export function fromWire(cluster: Cluster): ClusterForm {
  const kubespan = { true: 'on', false: 'off' } as const
  return {
    name: cluster.name,
    endpoint: cluster.endpoint,
    vip: cluster.vip ?? '',
    pod_subnets: cluster.pod_subnets.join(', '),
    service_subnets: cluster.service_subnets.join(', '),
    dns_domain: cluster.dns_domain,
    cni: cluster.cni,
    cni_urls: cluster.cni_urls.join('\n'),
    talos_version: cluster.talos_version,
    kubernetes_version: cluster.kubernetes_version,
    schematic: cluster.schematic ?? '',
    install_image: cluster.install_image ?? '',
    disk_by: diskBy(cluster),
    install_disk: cluster.install_disk ?? '',
    selector: Object.entries(cluster.install_disk_selector).map(([key, value]) => ({
      key,
      value: shown(value),
    })),
    install_disk_match: cluster.install_disk_match ?? '',
    gateway: cluster.gateway ?? '',
    nameservers: cluster.nameservers.join(', '),
    time_servers: cluster.time_servers.join(', '),
    mirrors: Object.entries(cluster.registry_mirrors).map(([registry, mirror]) => ({
      registry,
      endpoints: mirror.endpoints.join('\n'),
      override_path: mirror.override_path,
      skip_fallback: mirror.skip_fallback,
    })),
    cert_sans: cluster.cert_sans.join(', '),
    schedule_on_control_planes: cluster.schedule_on_control_planes,
    discovery: cluster.discovery,
    kubespan: cluster.kubespan == null ? 'default' : kubespan[`${cluster.kubespan}`],
  }
}

/** A form as the server takes it; what is left empty is left to its default. */
export function toWire(form: ClusterForm): ClusterSettings {
  const by = form.disk_by
  const selector = form.selector.filter((row) => row.key && row.value.trim())
  return {
    name: form.name.trim(),
    endpoint: form.endpoint.trim(),
    vip: form.vip.trim() || null,
    pod_subnets: words(form.pod_subnets),
    service_subnets: words(form.service_subnets),
    dns_domain: form.dns_domain.trim(),
    cni: form.cni,
    cni_urls: form.cni === 'custom' ? words(form.cni_urls) : [],
    talos_version: form.talos_version.trim(),
    kubernetes_version: form.kubernetes_version.trim() || null,
    schematic: form.schematic || null,
    install_image: form.install_image.trim() || null,
    install_disk: by === 'path' ? form.install_disk.trim() || null : null,
    install_disk_selector:
      by === 'selector' ? Object.fromEntries(selector.map((r) => [r.key, r.value.trim()])) : {},
    install_disk_match: by === 'match' ? form.install_disk_match.trim() || null : null,
    gateway: form.gateway.trim() || null,
    nameservers: words(form.nameservers),
    time_servers: words(form.time_servers),
    registry_mirrors: Object.fromEntries(
      form.mirrors
        .filter((row) => row.registry.trim())
        .map(({ registry, endpoints, ...flags }) => [
          registry.trim(),
          { endpoints: words(endpoints), ...flags },
        ]),
    ),
    cert_sans: words(form.cert_sans),
    schedule_on_control_planes: form.schedule_on_control_planes,
    discovery: form.discovery,
    kubespan: form.kubespan === 'default' ? null : form.kubespan === 'on',
  }
}

/** What a set of settings changes of a stored cluster, as `ktizo clusters set` takes it. */
export function changedFields(before: ClusterSettings, after: ClusterSettings): string[] {
  const old: Record<string, unknown> = { ...before }
  return Object.entries(after)
    .filter(([name, value]) => JSON.stringify(old[name] ?? null) !== JSON.stringify(value ?? null))
    .map(([name]) => name)
}

const BLAMABLE = ['endpoint', 'vip', 'gateway', 'kubernetes_version', 'talos_version'] as const

/** Fields whose very value a refusal quotes: some rules speak of the config, not of the form. */
export function blamed(message: string, settings: ClusterSettings): Record<string, string> {
  const quoted = (value: string) =>
    message.split(/[\s,;]+/).some((word) => word.replace(/^['"]|['".:]+$/g, '') === value)
  return Object.fromEntries(
    BLAMABLE.flatMap((name) => {
      const value = settings[name]
      return value && quoted(value) ? [[name, message]] : []
    }),
  )
}
