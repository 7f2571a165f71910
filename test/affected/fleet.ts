import fc from 'fast-check'
import { stringify } from 'yaml'

/** A small fleet as plain data: what is generated, changed, and written as YAML. */
export interface Fleet {
  /** Nix files and others, by path. */
  readonly files: Readonly<Record<string, string>>
  readonly parallel: number
  readonly motd: number
  readonly clusters: readonly ClusterOf[]
}

interface ClusterOf {
  readonly label: string
  readonly motd: number
  readonly machines: readonly MachineOf[]
  readonly services: readonly ServiceOf[]
}

interface MachineOf {
  readonly label: string
  readonly address: number
  readonly tags: readonly string[]
  readonly motd: number
  readonly rack: number
  readonly module: string | undefined
  readonly connections: number
  readonly container: { readonly address: number; readonly motd: number } | undefined
}

interface ServiceOf {
  readonly label: string
  readonly selectors: readonly string[]
  readonly leaders: readonly string[]
  readonly definition: keyof typeof definitions
  readonly setting: number
  /** Machines whose addresses go into the settings. */
  readonly peers: string
}

const definitions = {
  hosts: { builtin: 'static-dns' },
  peers: { path: '/services/peers.nix' },
  racks: { path: '/services/racks.nix' },
  plain: { config: { 'environment.etc.plain.text': 'plain' } },
} as const

const sources: Fleet['files'] = {
  'README.md': '# The fleet\n',
  'modules/base.nix': '{ environment.etc.base.text = "0"; }\n',
  'modules/extra.nix': '{ imports = [ ./more/deep.nix ]; environment.etc.extra.text = "0"; }\n',
  'modules/more/deep.nix': '{ environment.etc.deep.text = "0"; }\n',
  'services/peers.nix': `{ settings, roles, this, ... }:
{ ... }: {
  environment.etc.peers.text = builtins.toJSON {
    inherit (settings) setting peers;
    leaders = map (host: host.fqdn) roles.leader;
    me = this.ips.all;
  };
}
`,
  'services/racks.nix': `{ selectors, this, ... }:
{ environment.etc.racks.text = toString (map (host: host.data.rack) selectors); }
`,
}

const small = fc.nat(2)
const labels = ['m1', 'm2', 'm3', 'm10', 'db']
const tags = ['ssd', 'edge']
const selector = (cluster: string): fc.Arbitrary<string> =>
  fc.constantFrom('m*', 'm1', 'db', 'tag:ssd', 'tag:edge', `${cluster}.test`, 'machine:m*', 'test')

const machine = fc.record({
  label: fc.constantFrom(...labels),
  address: fc.constant(0),
  tags: fc.subarray(tags),
  motd: small,
  rack: small,
  module: fc.constantFrom(undefined, 'base', 'extra'),
  connections: fc.constant(1),
  container: fc.option(fc.record({ address: fc.constant(0), motd: small }), { nil: undefined }),
})

const service = (cluster: string): fc.Arbitrary<ServiceOf> =>
  fc.record({
    label: fc.constantFrom('dns', 'queue', 'store'),
    selectors: fc.uniqueArray(selector(cluster), { minLength: 1, maxLength: 2 }),
    leaders: fc.uniqueArray(selector(cluster), { minLength: 1, maxLength: 1 }),
    definition: fc.constantFrom('hosts', 'peers', 'racks', 'plain'),
    setting: small,
    peers: fc.constantFrom('m*', 'm1', 'db', `${cluster}.test`, 'machine:m*', 'test'),
  })

const cluster = (label: string): fc.Arbitrary<ClusterOf> =>
  fc.record({
    label: fc.constant(label),
    motd: small,
    machines: fc.uniqueArray(machine, { minLength: 1, maxLength: 4, selector: (one) => one.label }),
    services: fc.uniqueArray(service(label), { maxLength: 3, selector: (one) => one.label }),
  })

/** Fleets of two clusters, every host with an address of its own. */
export const fleets: fc.Arbitrary<Fleet> = fc
  .tuple(cluster('east'), cluster('west'))
  .map((clusters) => {
    let next = 0
    const address = (): number => ++next
    return {
      files: sources,
      parallel: 2,
      motd: 0,
      clusters: clusters.map((one) => ({
        ...one,
        machines: one.machines.map((each) => ({
          ...each,
          address: address(),
          container: each.container && { ...each.container, address: address() },
        })),
      })),
    }
  })

/** What somebody might change in one commit, with a name for the report. */
export interface Edit {
  readonly name: string
  readonly apply: (fleet: Fleet) => Fleet
}

const ofMachines =
  (pick: number, change: (machine: MachineOf) => MachineOf | undefined) =>
  (fleet: Fleet): Fleet => {
    const all = fleet.clusters.flatMap(({ machines }) => machines)
    const chosen = all[pick % all.length]
    return {
      ...fleet,
      clusters: fleet.clusters.map((one) => ({
        ...one,
        machines: one.machines.flatMap((each) => (each === chosen ? (change(each) ?? []) : each)),
      })),
    }
  }

const ofServices =
  (pick: number, change: (service: ServiceOf) => ServiceOf | undefined) =>
  (fleet: Fleet): Fleet => {
    const all = fleet.clusters.flatMap(({ services }) => services)
    const chosen = all[pick % Math.max(1, all.length)]
    return {
      ...fleet,
      clusters: fleet.clusters.map((one) => ({
        ...one,
        services: one.services.flatMap((each) => (each === chosen ? (change(each) ?? []) : each)),
      })),
    }
  }

const ofFile =
  (path: string) =>
  (fleet: Fleet): Fleet => ({
    ...fleet,
    files: { ...fleet.files, [path]: fleet.files[path]!.replace('"0"', '"1"') + '# looked at\n' },
  })

const inCluster =
  (pick: number, change: (cluster: ClusterOf) => ClusterOf) =>
  (fleet: Fleet): Fleet => ({
    ...fleet,
    clusters: fleet.clusters.map((one, at) =>
      at === pick % fleet.clusters.length ? change(one) : one,
    ),
  })

/** One change of one commit; some concern nobody. */
export const edits: fc.Arbitrary<Edit> = fc
  .record({ pick: fc.nat(20), text: selector('east'), kind: fc.nat(17) })
  .map(({ pick, text, kind }): Edit => {
    const kinds: readonly Edit[] = [
      {
        name: "a machine's config",
        apply: ofMachines(pick, (one) => ({ ...one, motd: one.motd + 5 })),
      },
      { name: 'an address', apply: ofMachines(pick, (one) => ({ ...one, address: 200 + pick })) },
      {
        name: 'tags',
        apply: ofMachines(pick, (one) => ({ ...one, tags: one.tags.length ? [] : ['ssd'] })),
      },
      { name: 'data', apply: ofMachines(pick, (one) => ({ ...one, rack: one.rack + 5 })) },
      { name: 'a module', apply: ofMachines(pick, (one) => ({ ...one, module: 'extra' })) },
      {
        name: 'a deployment setting',
        apply: ofMachines(pick, (one) => ({ ...one, connections: 3 })),
      },
      {
        name: "a container's config",
        apply: ofMachines(pick, (one) => ({
          ...one,
          container: { address: 150, ...one.container, motd: 7 },
        })),
      },
      { name: 'a machine is gone', apply: ofMachines(pick, () => undefined) },
      {
        name: 'a machine is new',
        apply: inCluster(pick, (one) => ({
          ...one,
          machines: [
            ...one.machines,
            {
              label: 'm7',
              address: 99,
              tags: ['ssd'],
              motd: 1,
              rack: 1,
              module: undefined,
              connections: 1,
              container: undefined,
            },
          ],
        })),
      },
      { name: 'a setting', apply: ofServices(pick, (one) => ({ ...one, setting: 9 })) },
      { name: 'peers', apply: ofServices(pick, (one) => ({ ...one, peers: 'db' })) },
      { name: 'selectors', apply: ofServices(pick, (one) => ({ ...one, selectors: [text] })) },
      { name: 'a role', apply: ofServices(pick, (one) => ({ ...one, leaders: [text] })) },
      { name: 'a service is gone', apply: ofServices(pick, () => undefined) },
      {
        name: "a cluster's config",
        apply: inCluster(pick, (one) => ({ ...one, motd: one.motd + 5 })),
      },
      { name: "the domain's config", apply: (fleet) => ({ ...fleet, motd: fleet.motd + 5 }) },
      { name: 'how many at a time', apply: (fleet) => ({ ...fleet, parallel: 3 }) },
      {
        name: 'a file',
        apply: ofFile(Object.keys(sources)[pick % Object.keys(sources).length]!),
      },
    ]
    return kinds[kind]!
  })

const motd = (level: string, number: number): object => ({
  [`environment.etc."motd-${level}".text`]: `${number}`,
})

const optional = (all: readonly string[]): object[] =>
  all.map((select) =>
    select.startsWith('tag:')
      ? { select: 'test', tags: [select.slice(4)], optional: true }
      : { select, optional: true },
  )

/** The repository's files: one for the Project, one for each cluster. */
export function textsOf(
  fleet: Fleet,
  inputs: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const urls = Object.entries(inputs).map(([name, url]) => [name, { url }] as const)
  const project = {
    apiVersion: 'nixcluster/v1',
    kind: 'Project',
    inputs: Object.fromEntries(urls),
    rollout: { parallel: fleet.parallel },
  }
  const domain = {
    apiVersion: 'nixcluster/v1',
    kind: 'Domain',
    suffix: 'test',
    system: 'x86_64-linux',
    stateVersion: '25.11',
    config: motd('domain', fleet.motd),
  }
  const clusters = fleet.clusters.map((one) => [
    `clusters/${one.label}.yaml`,
    // The library would quote a tag of ours as text.
    stringify(clusterOf(one)).replaceAll(/"@ips (.+?)"/g, '!ips { select: "$1", optional: true }'),
  ])
  return {
    ...fleet.files,
    'nixcluster.yaml': `${stringify(project)}---\n${stringify(domain)}`,
    ...Object.fromEntries(clusters),
  }
}

function clusterOf({ label, motd: number, machines, services }: ClusterOf): object {
  return {
    apiVersion: 'nixcluster/v1',
    kind: 'Cluster',
    name: `${label}.test`,
    config: motd('cluster', number),
    machines: Object.fromEntries(machines.map((one) => [one.label, machineOf(one)])),
    services: Object.fromEntries(services.map((one) => [one.label, serviceOf(one)])),
  }
}

function machineOf(one: MachineOf): object {
  const { address, tags: carried, rack, module, connections, container } = one
  return {
    tags: carried,
    data: { rack },
    modules: module === undefined ? [] : [`/modules/${module}.nix`],
    interfaces: { eth0: { addresses: [`10.0.0.${address}/24`] } },
    deployment: { sshUser: connections > 1 ? 'deploy' : 'root' },
    config: motd('machine', one.motd),
    ...(container === undefined
      ? {}
      : {
          virtualHosts: {
            box: {
              type: 'nixos-container',
              network: { bridge: 'br0' },
              addresses: [`10.0.0.${container.address}/24`],
              data: { rack },
              config: motd('container', container.motd),
            },
          },
        }),
  }
}

function serviceOf({ selectors, leaders, definition, setting, peers }: ServiceOf): object {
  const isBuiltin = definition === 'hosts'
  return {
    selectors: optional(selectors),
    ...(isBuiltin ? {} : { roles: { leader: { selectors: optional(leaders), runs: false } } }),
    definition: definitions[definition],
    ...(isBuiltin ? {} : { settings: { setting, peers: `@ips ${peers}` } }),
  }
}
