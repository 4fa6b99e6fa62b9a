import { describe, expect, it } from 'vitest'
import type { Cluster } from '@/api/types'
import { blamed, blankForm, changedFields, fromWire, toWire, words } from './form'

const CLUSTER: Cluster = {
  id: 1,
  version: 3,
  name: 'prod',
  endpoint: 'https://192.0.2.10:6443',
  vip: '192.0.2.10',
  pod_subnets: ['10.244.0.0/16', 'fd00:1::/64'],
  service_subnets: [],
  dns_domain: 'cluster.local',
  cni: 'custom',
  cni_urls: ['https://example.org/cni.yaml'],
  talos_version: 'v1.12.11',
  kubernetes_version: '1.35.4',
  schematic: null,
  install_image: null,
  install_disk: null,
  install_disk_selector: { size: '>= 100GB', type: 'nvme' },
  install_disk_match: null,
  gateway: '192.0.2.1',
  nameservers: ['192.0.2.53'],
  time_servers: [],
  registry_mirrors: {
    'docker.io': {
      endpoints: ['http://192.0.2.3:5000'],
      override_path: true,
      skip_fallback: false,
    },
  },
  cert_sans: ['api.example.org'],
  schedule_on_control_planes: true,
  discovery: false,
  kubespan: false,
  has_secrets: true,
  control_planes: 3,
  workers: 2,
  patches: {},
  created_at: '2026-11-21T00:00:00Z',
  updated_at: '2026-11-21T00:00:00Z',
}

describe('a cluster as a form', () => {
  it('comes back from the form as it went in', () => {
    expect(toWire(fromWire(CLUSTER))).toEqual({
      ...Object.fromEntries(
        Object.keys(toWire(blankForm())).map((name) => [name, CLUSTER[name as keyof Cluster]]),
      ),
    })
    expect(changedFields(CLUSTER, toWire(fromWire(CLUSTER)))).toEqual([])
  })

  it('names the install disk in one way only', () => {
    const form = fromWire(CLUSTER)
    expect(form.disk_by).toBe('selector')
    form.disk_by = 'path'
    form.install_disk = '/dev/vda'
    const wire = toWire(form)
    expect([wire.install_disk, wire.install_disk_selector]).toEqual(['/dev/vda', {}])
    form.disk_by = 'match'
    form.install_disk_match = 'disk.transport == "nvme"'
    expect(toWire(form)).toMatchObject({ install_disk: null, install_disk_selector: {} })
  })

  it('sends no manifest URLs for a CNI that takes none', () => {
    expect(toWire({ ...fromWire(CLUSTER), cni: 'none' }).cni_urls).toEqual([])
  })

  it('leaves kubespan and empty texts to their defaults', () => {
    const wire = toWire({ ...blankForm(), name: ' a ', kubernetes_version: ' ' })
    expect(wire).toMatchObject({ name: 'a', kubespan: null, kubernetes_version: null, vip: null })
    expect(toWire({ ...blankForm(), kubespan: 'on' }).kubespan).toBe(true)
  })

  it('drops rows nobody filled in', () => {
    const form = blankForm()
    form.mirrors.push({ registry: ' ', endpoints: '', override_path: false, skip_fallback: false })
    form.disk_by = 'selector'
    form.selector.push({ key: 'model', value: ' ' })
    expect(toWire(form)).toMatchObject({ registry_mirrors: {}, install_disk_selector: {} })
  })

  it('names the fields that changed', () => {
    const after = toWire({ ...fromWire(CLUSTER), vip: '', nameservers: '192.0.2.53 192.0.2.54' })
    expect(changedFields(CLUSTER, after)).toEqual(['vip', 'nameservers'])
  })
})

it('reads words between commas, blanks and lines', () => {
  expect(words(' a, b\n c,,')).toEqual(['a', 'b', 'c'])
})

it('finds the field whose value a refusal quotes', () => {
  const wire = toWire({ ...blankForm(), endpoint: 'http://x', kubernetes_version: '1.29.0' })
  expect(Object.keys(blamed("refused: the endpoint 'http://x' must be a URL", wire))).toEqual([
    'endpoint',
  ])
  const range = 'Talos v1.12 runs Kubernetes 1.30 to 1.35, not 1.29.0'
  expect(Object.keys(blamed(range, wire))).toEqual(['kubernetes_version'])
  expect(blamed('something else', wire)).toEqual({})
})
