import type { Position } from '../../src/model/diagnostic.ts'
import type {
  Host,
  Interface,
  Inventory,
  Machine,
  NixosSettings,
  OptionSetting,
  Service,
  User,
  VirtualHost,
} from '../../src/model/inventory.ts'
import type { Value } from '../../src/model/value.ts'

const at: Position = { file: 'clusters/demo.yaml', document: 0, path: [] }

/** Text, number, boolean, null, list or map as a value of the YAML; values of ours stay as they are. */
export type Plain =
  Value | string | number | boolean | null | readonly Plain[] | { [key: string]: Plain }

export function value(plain: Plain): Value {
  if (plain === null) return { kind: 'null' }
  if (typeof plain === 'string') return { kind: 'text', value: plain }
  if (typeof plain === 'boolean') return { kind: 'boolean', value: plain }
  if (typeof plain === 'number')
    return { kind: Number.isInteger(plain) ? 'integer' : 'float', text: String(plain) }
  if (Array.isArray(plain)) return { kind: 'list', items: plain.map(value) }
  if (values.has(plain as object)) return plain as Value
  return { kind: 'map', entries: Object.entries(plain).map(([key, each]) => [key, value(each)]) }
}

const values = new WeakSet<object>()
const ours = (made: Value): Value => {
  values.add(made)
  return made
}
export const nix = (code: string): Value => ours({ kind: 'nix', code, at })
export const path = (file: string): Value => ours({ kind: 'path', path: file })
export const read = (file: string): Value => ours({ kind: 'read', path: file })
export const host = (label: string): Value =>
  ours({ kind: 'host', name: `${label}.demo.lab`, cluster: 'demo.lab' })
export const force = (plain: Plain): Value => ours({ kind: 'force', value: value(plain) })
export const float = (text: string): Value => ours({ kind: 'float', text })
export const integer = (text: string): Value => ours({ kind: 'integer', text })

/** `config:` with option paths as keys; a dot always splits. */
export function options(config: Record<string, Plain>): readonly OptionSetting[] {
  return Object.entries(config).map(([key, plain]) => ({
    path: key.split('.'),
    value: value(plain),
    at,
  }))
}

export function settings(
  config: Record<string, Plain> = {},
  more: Partial<NixosSettings> = {},
): NixosSettings {
  return { modules: [], users: [], config: options(config), ...more }
}

export function user(name: string, config: Record<string, Plain>): User {
  return { name, settings: options(config), at }
}

export function network(machine: string, label: string, more: Partial<Interface> = {}): Interface {
  const facts = { addresses: [], gateways: [], nameservers: [], dhcp: false, primary: false }
  const device = { device: label, configure: true, ...facts }
  return { kind: 'interface', name: `${label}.${machine}`, label, at, ...device, ...more }
}

export function machine(label: string, address: string, more: Partial<Machine> = {}): Machine {
  const name = `${label}.demo.lab`
  return {
    kind: 'machine',
    managed: true,
    name,
    label,
    at,
    cluster: 'demo.lab',
    domain: 'lab',
    system: 'x86_64-linux',
    stateVersion: '25.11',
    nixpkgs: 'nixpkgs',
    render: { hostName: true, domain: true },
    tags: [],
    interfaces: [network(name, 'eth0', { addresses: [`${address}/24`], gateways: ['10.0.0.1'] })],
    settings: settings(),
    services: [],
    deployment: {
      targetHost: address,
      port: 22,
      sshUser: 'root',
      user: 'root',
      buildOn: 'controller',
      sshOptions: {},
      fastConnection: true,
      magicRollback: true,
      autoRollback: true,
      confirmTimeout: 30,
      activationTimeout: 240,
    },
    ...more,
  }
}

export function service(
  label: string,
  hosts: readonly string[],
  more: Partial<Service> = {},
): Service {
  const names = hosts.map((host) => `${host}.demo.lab`)
  return {
    kind: 'service',
    name: `${label}.demo.lab`,
    label,
    at,
    parent: 'demo.lab',
    hosts: names,
    selected: more.hosts ?? names,
    roles: [],
    modules: [],
    ...more,
  }
}

/** Domain `lab` with cluster `demo.lab`; services are given to the machines that they run on. */
export function fleet(parts: {
  domain?: NixosSettings
  cluster?: NixosSettings
  machines: readonly Machine[]
  services?: readonly Service[]
  virtualHosts?: readonly VirtualHost[]
  inputs?: Record<string, string>
}): Inventory {
  const services = parts.services ?? []
  const withServices = <Each extends Host>(each: Each): Each => ({
    ...each,
    services: services.filter(({ hosts }) => hosts.includes(each.name)).map(({ name }) => name),
  })
  const inputs = {
    nixpkgs: 'github:NixOS/nixpkgs/nixos-25.11',
    'deploy-rs': 'github:serokell/deploy-rs',
    ...parts.inputs,
  }
  return {
    generation: 1,
    inputs: Object.entries(inputs).map(([name, url]) => ({
      name,
      url,
      flake: true,
      follows: name === 'deploy-rs' ? { nixpkgs: 'nixpkgs' } : {},
    })),
    rollout: { parallel: 2 },
    domains: [
      { kind: 'domain', name: 'lab', label: 'lab', at, settings: parts.domain ?? settings() },
    ],
    clusters: [
      {
        kind: 'cluster',
        name: 'demo.lab',
        label: 'demo',
        at,
        domain: 'lab',
        settings: parts.cluster ?? settings(),
      },
    ],
    services,
    machines: parts.machines.map(withServices),
    unmanaged: [],
    virtualHosts: (parts.virtualHosts ?? []).map(withServices),
  }
}
