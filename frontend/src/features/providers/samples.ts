// For tests only: what the API tells of providers, accounts, plans and servers.
import type { Plan, Provider, ProviderAccount, RentedServer } from '@/api/types'

export const PROVIDER: Provider = {
  name: 'latitude',
  title: 'Latitude.sh',
  url: 'https://www.latitude.sh',
  capabilities: ['delete_immediate', 'hourly', 'ipxe_at_create', 'ipxe_reinstall'],
  settings_schema: {
    description: 'An account: a key and a project.',
    properties: {
      api_key: { title: 'API key', type: 'string', format: 'password', writeOnly: true },
      project: { title: 'Project', type: 'string', description: 'its ID or slug' },
    },
    required: ['api_key', 'project'],
  },
  options_schema: {
    properties: { persistent_netboot: { title: 'Ask the network', type: 'boolean' } },
  },
  environment: {},
  notes: ['Nothing was checked against a live account.'],
}

export function account(what: Partial<ProviderAccount> = {}): ProviderAccount {
  return {
    id: 1,
    name: 'main',
    provider: 'latitude',
    title: 'Latitude.sh',
    capabilities: PROVIDER.capabilities,
    settings: { project: 'proj_1' },
    secrets: ['api_key'],
    max_hourly: '0.5',
    max_setup: '0',
    currency: 'USD',
    enabled: true,
    tested_at: null,
    tested: null,
    servers: 0,
    ...what,
  }
}

export function plan(what: Partial<Plan> = {}): Plan {
  const price = { currency: 'USD', hourly: '0.44', monthly: null, setup: '0' }
  return {
    account_id: 1,
    account: 'main',
    provider: 'latitude',
    title: 'Latitude.sh',
    id: 'c3-small-x86',
    name: 'c3.small.x86',
    kind: 'metal',
    cpu: 'E-2276G',
    cores: 6,
    memory_gib: 32,
    disks: '2 x 480 GB SSD',
    talos: true,
    why: '',
    offers: [
      { region: 'FRA', price, in_stock: true },
      { region: 'NYC', price, in_stock: false },
      { region: 'TYO', price, in_stock: null },
    ],
    hourly: '0.44',
    currency: 'USD',
    in_stock: true,
    ...what,
  }
}

export function server(what: Partial<RentedServer> = {}): RentedServer {
  return {
    id: 3,
    account_id: 1,
    account: 'main',
    provider: 'latitude',
    title: 'Latitude.sh',
    capabilities: PROVIDER.capabilities,
    name: 'w-1',
    vendor_id: 'sv_1',
    stage: 'delivered',
    status: 'ready',
    raw_status: 'on',
    plan: 'c3-small-x86',
    region: 'FRA',
    ssh_keys: [],
    options: {},
    regions: ['FRA'],
    addresses: ['203.0.113.7'],
    macs: [],
    price: { currency: 'USD', hourly: '0.44', monthly: null, setup: '0' },
    pending: '',
    problem: '',
    step: 'Talos runs',
    device_id: 7,
    device_state: 'running',
    hostname: 'w-1',
    approve: null,
    ordered_by: 'omar',
    created_at: '2026-11-21T10:00:00Z',
    asked_at: '2026-11-21T10:05:00Z',
    ended_at: null,
    echo_reinstall: 'reinstall w-1 (sv_1)',
    echo_delete: 'delete w-1 (sv_1)',
    ...what,
  }
}

export const ECHO = 'order w-1: c3-small-x86 in FRA for 0.44 USD an hour'
export const PREVIEW = {
  price: { currency: 'USD', hourly: '0.44', monthly: null, setup: '0' },
  lines: ['c3-small-x86 at FRA, by the hour'],
  checked: false,
  echo: ECHO,
  allowed: true,
  refusal: '',
  reachability: { ok: true, url: 'http://boot.example.org:8000', problem: '', certain: false },
  warnings: [],
}
