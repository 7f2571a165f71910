import fc from 'fast-check'
import type {
  ClusterOf,
  DomainOf,
  Hierarchy,
  InterfaceOf,
  MachineOf,
  RoleOf,
  SelectorOf,
  ServiceOf,
} from './hierarchy.ts'

/** Few labels, so that names meet: a cluster called like a domain, a service like a cluster. */
const labels = {
  domain: ['com', 'a.com', 'net', 'lan', ''],
  cluster: ['a', 'b', 'com', 'lan'],
  machine: ['vm1', 'vm2', 'vm10', 'vm02', 'db', 'a', 'x-1', 'n20261123120000', 'n9999999999999'],
  vhost: ['web', 'db', 'vm1', 'c2', 'c10'],
  service: ['vault', 'dns', 'a', 'com', 'vm'],
  role: ['api', 'store', 'Leader'],
  interface: ['eth0', 'eno1', 'web'],
  tag: ['ssd', 'rack-a', 'Prod'],
}

/** How a selector is made once the names are known; numbers shrink towards the plainest. */
interface Recipe {
  readonly pick: number
  readonly cut: number
  readonly shape: number
  readonly prefix: number
  readonly map: number
  readonly exclude: boolean
  readonly more: readonly number[]
}

const recipe: fc.Arbitrary<Recipe> = fc.record({
  pick: fc.nat(200),
  cut: fc.nat(3),
  shape: fc.nat(11),
  prefix: fc.nat(7),
  map: fc.nat(7),
  exclude: fc.integer({ min: 0, max: 5 }).map((number) => number === 5),
  more: fc.array(fc.nat(200), { minLength: 4, maxLength: 4 }),
})

const selectors = fc.array(recipe, { minLength: 1, maxLength: 3 })

interface RawService {
  readonly label: string
  readonly hasSelectors: boolean
  readonly selectors: readonly Recipe[]
  readonly roles: readonly { label: string; selectors: readonly Recipe[]; runs: boolean }[]
}

const one = (pool: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...pool)
const tags = fc.uniqueArray(one(labels.tag), { maxLength: 2 })
const wires = fc.uniqueArray(
  fc.record({ label: one(labels.interface), v4: fc.nat(2), v6: fc.nat(1) }),
  { maxLength: 2, selector: ({ label }) => label },
)
const services: fc.Arbitrary<RawService[]> = fc.uniqueArray(
  fc.record({
    label: one(labels.service),
    hasSelectors: fc.boolean(),
    selectors,
    roles: fc.uniqueArray(
      fc.record({
        label: one(labels.role),
        selectors,
        runs: fc.integer({ min: 0, max: 4 }).map((number) => number < 4),
      }),
      { maxLength: 2, selector: ({ label }) => label },
    ),
  }),
  { maxLength: 3, selector: ({ label }) => label },
)
const machines = fc.uniqueArray(
  fc.record({
    label: one(labels.machine),
    tags,
    wires,
    virtualHosts: fc.uniqueArray(fc.record({ label: one(labels.vhost), tags, wires }), {
      maxLength: 2,
      selector: ({ label }) => label,
    }),
  }),
  { maxLength: 4, selector: ({ label }) => label },
)
const raw = fc.record({
  domains: fc.uniqueArray(
    fc.record({
      suffix: one(labels.domain),
      services: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, services),
      clusters: fc.uniqueArray(fc.record({ label: one(labels.cluster), services, machines }), {
        minLength: 1,
        maxLength: 2,
        selector: ({ label }) => label,
      }),
    }),
    { minLength: 1, maxLength: 2, selector: ({ suffix }) => suffix },
  ),
  questions: fc.array(fc.record({ scope: fc.nat(200), list: selectors }), { maxLength: 6 }),
})
type Raw = typeof raw extends fc.Arbitrary<infer T> ? T : never

/** A selector to be asked from outside, and the place in the list of all elements to ask it in. */
export interface Question {
  readonly scope: number
  readonly list: readonly SelectorOf[]
}

/** Fleets whose names are unique; their selectors may be wrong in every way. */
export const hierarchies: fc.Arbitrary<{ hierarchy: Hierarchy; questions: readonly Question[] }> =
  raw.map(build)

function build({ domains, questions }: Raw): {
  hierarchy: Hierarchy
  questions: readonly Question[]
} {
  const taken = new Set<string>()
  const known: { kind: Kind; name: string }[] = []
  const claim = (kind: Kind, label: string, parent: string): string | undefined => {
    const name = parent === '' ? label : `${label}.${parent}`
    if (taken.has(name)) return undefined
    taken.add(name)
    if (name !== '') known.push({ kind, name })
    return name
  }
  const pending: (() => void)[] = []
  const filled = (recipes: readonly Recipe[]): readonly SelectorOf[] => {
    const list: SelectorOf[] = []
    // Texts are made when every name is known.
    pending.push(() => list.push(...recipes.map((made) => toSelector(made, known))))
    return list
  }
  let address = 0
  const toWires = (
    all: Raw['domains'][0]['clusters'][0]['machines'][0]['wires'],
    parent: string,
  ) => {
    const kept = all.filter(({ label }) => claim('interface', label, parent) !== undefined)
    const main = kept.find(({ v4, v6 }) => v4 + v6 > 0)
    return kept.map(({ label, v4, v6 }): InterfaceOf => {
      const next = (): number => ++address
      const four = Array.from({ length: v4 }, () => `10.0.${next() >> 7}.${(address & 127) + 1}/16`)
      const six = Array.from({ length: v6 }, () => `fd00::${next().toString(16)}/64`)
      return {
        label,
        addresses: [...six, ...four],
        primary: main?.label === label && kept.length > 1,
      }
    })
  }
  const toServices = (all: readonly RawService[], parent: string): readonly ServiceOf[] =>
    all.flatMap(({ label, hasSelectors, selectors: own, roles }) => {
      const name = claim('service', label, parent)
      if (name === undefined) return []
      const kept = roles.flatMap((role): RoleOf[] =>
        claim('role', role.label.toLowerCase(), name) === undefined
          ? []
          : [{ ...role, selectors: filled(role.selectors) }],
      )
      const needed = hasSelectors || !kept.some(({ runs }) => runs)
      return [{ label, selectors: needed ? filled(own) : undefined, roles: kept }]
    })
  const toMachine = (machine: Raw['domains'][0]['clusters'][0]['machines'][0], parent: string) => {
    const name = claim('machine', machine.label, parent)
    if (name === undefined) return []
    const made: MachineOf = {
      label: machine.label,
      tags: machine.tags,
      interfaces: toWires(machine.wires, name),
      virtualHosts: machine.virtualHosts.flatMap(({ label, tags: carried, wires: own }) => {
        const inner = claim('vhost', label, name)
        return inner === undefined
          ? []
          : [{ label, tags: carried, interfaces: toWires(own, inner) }]
      }),
    }
    return [made]
  }
  const made = domains.flatMap(({ suffix, services: own, clusters }): DomainOf[] => {
    if (claim('domain', suffix, '') === undefined) return []
    const places = clusters.flatMap(({ label, services: inner, machines: all }): ClusterOf[] => {
      const name = claim('cluster', label, suffix)
      if (name === undefined) return []
      const machinesOf = all.flatMap((machine) => toMachine(machine, name))
      return [{ label, services: toServices(inner, name), machines: machinesOf }]
    })
    return [{ suffix, services: toServices(own, suffix), clusters: places }]
  })
  for (const fill of pending) fill()
  const asked = questions.map(({ scope, list }) => ({
    scope,
    list: list.map((from) => toSelector(from, known)),
  }))
  return { hierarchy: { domains: made }, questions: asked }
}

const kinds = ['domain', 'cluster', 'service', 'role', 'machine', 'vhost', 'interface'] as const
type Kind = (typeof kinds)[number]

function toSelector(
  { pick, cut, shape, prefix, map, exclude, more }: Recipe,
  known: readonly { kind: Kind; name: string }[],
): SelectorOf {
  const at = (index: number): { kind: Kind; name: string } => known[index % known.length]!
  const text = (index: number, less: number): string => {
    const all = at(index).name.split('.')
    return all.slice(0, Math.max(1, all.length - less)).join('.')
  }
  const name = text(pick, cut)
  const [first = '', ...rest] = name.split('.')
  const shaped = [
    name,
    name,
    name,
    name.toUpperCase(),
    ['*', ...rest].join('.'),
    [`${first[0]}*`, ...rest].join('.'),
    [`*${first.at(-1)}`, ...rest].join('.'),
    ['**', ...rest].join('.'),
    [first, '**', ...rest].join('.'),
    // As a member of a service: any label before any name.
    `${text(more[0]!, 9)}.${name}`,
    `${text(more[0]!, 9)[0]}*.${name}`,
    `tag:${labels.tag[pick % labels.tag.length]}`,
  ][shape]!
  const kind = [undefined, undefined, undefined, at(pick).kind, at(pick).kind, kinds[more[1]! % 7]][
    prefix
  ]
  const isTag = shape === 11
  if (map > 2 || exclude)
    return `${exclude ? '-' : ''}${kind === undefined || isTag ? '' : `${kind}:`}${shaped}`
  return {
    select: shaped,
    ...(kind === undefined || isTag ? {} : { kind }),
    tags: map === 1 ? [labels.tag[more[2]! % labels.tag.length]!] : [],
    except: map === 2 ? [text(more[3]!, cut)] : [],
    optional: more[2]! % 4 === 0,
  }
}
