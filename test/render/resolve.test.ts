import { createHash } from 'node:crypto'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fingerprintMachines } from '../../src/rollout/fingerprint.ts'
import { namesOf } from '../../src/selectors/names.ts'
import { resolve, type Resolution } from '../../src/selectors/resolve.ts'
import { examples, files } from '../compile/documented.ts'
import { compileTexts, linesOf } from '../compile/fleet.ts'
import { hierarchies } from '../hierarchies/generate.ts'
import { createReference } from '../hierarchies/reference.ts'
import { withoutBroken } from '../hierarchies/without-broken.ts'
import { writeNested } from '../hierarchies/yaml.ts'
import { evaluate, folderOf, labFlakes } from './nix.ts'
import { configOf, demo, flake } from './yaml-fleet.ts'

const labLibrary = `import "${labFlakes.nixpkgs.replace(/^path:/, '').replace(/\?.*/, '')}/lib"`

const fleet = `apiVersion: nixcluster/v1
kind: Domain
suffix: com
system: x86_64-linux
services: { backup: { selectors: [vm2.a, b.com] } }
clusters:
  a:
    services:
      vault:
        roles:
          API: [vm10]
          r10: [vm2]
          r2: [vm10, vm2]
          known: { selectors: [vm1.b.com], runs: false }
        settings: { where: !nix config.networking.hostName, hosts: !hosts r2 }
      watch: { selectors: [vm10.vault, tag:ssd] }
    machines:
      vm10:
        tags: [rack-a]
        interfaces:
          eth10: { addresses: [10.0.0.10/24] }
          eth2: { addresses: ["fd00::10/64", 10.0.0.110/24, "fd00::11/64"], primary: true }
      vm2:
        tags: [rack-a, ssd]
        interfaces: { eth0: { addresses: [10.0.0.2/24] } }
        virtualHosts:
          web: { type: nixos-container, tags: [ssd], network: { bridge: br0 }, addresses: [10.0.0.22/24] }
          db: { type: nixos-container, network: host }
      dark: { interfaces: { eth0: { dhcp: true } } }
  b:
    machines:
      vm1: { interfaces: { eth0: { addresses: [10.1.0.1/24] } }, deployment: { hostKey: ssh-ed25519 AAAA } }
      vm2: { interfaces: { eth0: { addresses: [10.1.0.2/24] } } }
---
apiVersion: nixcluster/v1
kind: Domain
suffix: ""
system: x86_64-linux
clusters: { lan: { machines: { nas: { interfaces: { eth0: { addresses: [192.168.0.2/24] } } } } } }
`

const selectors: readonly (readonly [selector: unknown, scope?: string])[] = [
  ...['com', 'a.com', 'lan', 'nas.lan', 'vm10.a.com', 'VM10.a', 'eth2.vm10.a.com'].map(
    (text) => [text, 'com'] as const,
  ),
  ...['vault', 'api.vault', 'r2.vault', 'r10.vault', 'known.vault', 'backup', 'vm2.backup'].map(
    (text) => [text, 'a.com'] as const,
  ),
  ...['*', 'vm*', '**', '*.vm2', 'vm*.vault', 'vm*.a', 'vm*.b.com', '**.com', '*.*.com'].map(
    (text) => [text, 'a.com'] as const,
  ),
  ...[
    'machine:*',
    'vhost:*.vm2',
    'role:*.vault',
    'service:*',
    'interface:eth*.vm10',
    'role:r*.vault',
  ].map((text) => [text, 'a.com'] as const),
  ...['domain:com', 'cluster:b', 'cluster:*', 'tag:rack-a', 'tag:ssd', 'web.vm2', 'db.vm2'].map(
    (text) => [text, 'a.com'] as const,
  ),
  ...['vm**', '**.vm2', 'vm2.**', '*.**.com', 'service:*', 'machine:*'].map(
    (text) => [text, 'vm2.a.com'] as const,
  ),
  ['service:*', 'vault.a.com'],
  ['role:*', 'r2.vault.a.com'],
  ['*', 'b.com'],
  ['r2', 'vault.a.com'],
  ['vm10', 'eth0.vm2.a.com'],
  ['eth0', 'vm2.a.com'],
  ['dark', 'a.com'],
  [['vm2', 'a.com', '-dark', '-eth10.vm10'], 'a.com'],
  [['-vm*', '**'], 'a.com'],
  [[{ select: '**', tags: ['rack-a', 'ssd'] }], 'a.com'],
  [{ select: '**', kind: 'vhost', except: ['web.vm2'] }, 'a.com'],
  [{ select: 'no*', optional: true }, 'a.com'],
  ['vm10.vault.a.com'],
  ['nas'],
  ['vm1'],
  ['vault'],
]

test('says in Nix what it says in TypeScript', () => {
  const { inventory, rendered, ...rest } = compileTexts({ 'nixcluster.yaml': fleet })
  expect(linesOf(rest as never)).toEqual([])
  const folder = folderOf(rendered!.files)
  const wanted = selectors.map(([selector, scope]) => {
    const { complaints, ...known } = resolve(selector as never, inventory!, scope)
    expect(complaints.filter(({ severity }) => severity === 'error')).toEqual([])
    return [selector, known]
  })
  const found = evaluate(`
    let
      lib = ${labLibrary};
      resolve = import ${folder}/nixcluster/lib/resolve.nix { inherit lib; };
      cases = builtins.fromJSON ''${JSON.stringify(selectors.map(([selector, scope]) => [selector, scope ?? null]))}'';
    in
    map (each: resolve (builtins.elemAt each 1) (builtins.head each)) cases
  `) as unknown[]
  for (const [index, one] of wanted.entries()) expect([one[0], found[index]]).toEqual(one)
})

interface Case {
  readonly folder: string
  readonly scope: string
  readonly written: unknown
  readonly said: Resolution
}

/** Asks the rendered trees in one evaluation; null stands for an error. */
function expectAgreement(cases: readonly Case[]): void {
  const questions = cases.map(({ folder, scope, written }) => ({ folder, scope, written }))
  const file = join(folderOf([['questions.json', JSON.stringify(questions)]]), 'questions.json')
  const found = evaluate(`
    let
      lib = ${labLibrary};
      cases = builtins.fromJSON (builtins.readFile ${file});
      resolvers = builtins.listToAttrs (map (each: {
        name = each.folder;
        value = import (/. + each.folder + "/nixcluster/lib/resolve.nix") { inherit lib; };
      }) cases);
      answer = each: resolvers.\${each.folder} each.scope each.written;
      safe = each: builtins.tryEval (builtins.deepSeq (answer each) (answer each));
    in
    map (each: let got = safe each; in if got.success then got.value else null) cases
  `) as unknown[]
  for (const [index, { scope, written, said, folder }] of cases.entries()) {
    const { complaints, ...known } = said
    const isWrong = complaints.some(({ severity }) => severity === 'error')
    const expected = isWrong ? null : known
    expect([scope, written, found[index]], folder).toEqual([scope, written, expected])
  }
}

test('says the same of every element in the examples of the documents, and of what is none', () => {
  const fleets = examples.map((text) => {
    const { inventory, rendered } = compileTexts({ 'nixcluster.yaml': text }, files)
    return { inventory: inventory!, folder: folderOf(rendered!.files) }
  })
  const cases = fleets.flatMap(({ inventory, folder }) => {
    const scopes = [...inventory.clusters, ...inventory.services].map(({ name }) => name)
    const elements = [...namesOf(inventory).elements.values()]
    const labels = elements.flatMap(({ name, label }) => [name, label])
    const words = [...new Set(labels), '*', '**', 'no', 'role:*', 'tag:rack-a', '*.k3s'].filter(
      Boolean,
    )
    return words.flatMap((written) =>
      scopes.map((scope) => ({ folder, scope, written, said: resolve(written, inventory, scope) })),
    )
  })
  expect(cases.length).toBeGreaterThan(200)
  expectAgreement(cases)
})

test('says the same of generated fleets', () => {
  const cases = fc
    .sample(hierarchies, { seed: 7, numRuns: 300 })
    .flatMap(({ hierarchy: generated, questions }) => {
      const hierarchy = withoutBroken(generated)
      const { inventory, rendered } = compileTexts({
        'nixcluster.yaml': writeNested(hierarchy).text,
      })
      if (!inventory || !rendered) return []
      const folder = folderOf([...rendered.files].filter(([file]) => !file.includes('/machines/')))
      const { elements } = createReference(hierarchy)
      return questions.map(({ scope: at, list }) => {
        const scope = elements[at % elements.length]!.name
        return { folder, scope, written: list, said: resolve(list, inventory, scope) }
      })
    })
  const answered = cases.filter(({ said }) => said.hosts.length > 0)
  expect(answered.length).toBeGreaterThan(100)
  expectAgreement(cases)
})

test('complains of what is not there and of what is several', () => {
  const { rendered } = compileTexts({ 'nixcluster.yaml': fleet })
  const folder = folderOf(rendered!.files)
  const resolving = (scope: string, selector: string) => () =>
    evaluate(
      `import ${folder}/nixcluster/lib/resolve.nix { lib = ${labLibrary}; } ${scope} "${selector}"`,
    )
  expect(resolving('"a.com"', 'vm99')).toThrow("nothing is called 'vm99' in a.com")
  expect(resolving('null', 'vm2')).toThrow("'vm2' is several: vm2.a.com, vm2.b.com")
  expect(resolving('"a.com"', 'host:vm2')).toThrow("'host:' is no kind of element")
  expect(resolving('"a.com"', 'tag:none')).toThrow("nothing is called 'tag:none'")
})

const services = demo(`
    services:
      web: { selectors: [vm0], definition: { path: /services/web.nix } }
    modules: [/modules/names.nix]
    machines:
      vm0: { interfaces: { eth0: { addresses: [10.0.0.10/24] } } }
      vm1: { interfaces: { eth0: { addresses: [10.0.0.11/24] } } }
`)
const web =
  '{ resolve, ... }: { environment.etc.seen.text = builtins.toJSON [ (resolve "vm1").ips (resolve [ "*" "-vm0" ]).hostNames ]; }'
const seen = 'builtins.fromJSON environment.etc.seen.text'

test('is offered to definitions and modules of the repository that name it', () => {
  const evaluateFlake = flake(services, {
    'services/web.nix': web,
    'modules/names.nix':
      '{ nixcluster, ... }: { users.motd = builtins.toJSON (nixcluster.resolve "web").nameToIps; }',
  })
  expect(evaluateFlake(...configOf('vm0', `[ (${seen}) (builtins.fromJSON users.motd) ]`))).toEqual(
    [
      [['10.0.0.11'], ['vm1']],
      {
        'vm0.demo.lab': ['10.0.0.10'],
        'eth0.vm0.demo.lab': ['10.0.0.10'],
        'web.demo.lab': ['10.0.0.10'],
        'vm0.web.demo.lab': ['10.0.0.10'],
      },
    ],
  )
  expect(evaluateFlake('lib', 'lib: (lib.resolve "vm0.web").ips')).toEqual(['10.0.0.10'])
})

test('every host is an input of a machine that may call it, and of no other', () => {
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
  const changed = (sources: Record<string, string>): string[] => {
    const fingerprints = ['10.0.0.11', '10.0.0.12'].map((address) => {
      const yaml = services.replace('10.0.0.11', address)
      const { rendered } = compileTexts({ 'nixcluster.yaml': yaml, ...sources })
      const input = { lock: '', sources: [], reads: new Map(), nixVersion: '' }
      return fingerprintMachines({ rendered: rendered!, ...input }, hash)
    })
    const [before, after] = fingerprints as [Map<string, string>, Map<string, string>]
    return [...after.keys()].filter((name) => before.get(name) !== after.get(name))
  }
  const both = ['vm0.demo.lab', 'vm1.demo.lab']
  const plain = { 'services/web.nix': '{ ... }: { }', 'modules/names.nix': '{ }' }
  expect(changed(plain)).toEqual(['vm1.demo.lab'])
  expect(changed({ ...plain, 'services/web.nix': web })).toEqual(both)
  // A module of the cluster, and a file of which nobody knows who imports it.
  expect(
    changed({ ...plain, 'modules/names.nix': '{ nixcluster, ... }: nixcluster.resolve' }),
  ).toEqual(both)
  expect(changed({ ...plain, 'lib/more.nix': 'nixcluster: nixcluster.resolve "vm0"' })).toEqual(
    both,
  )
})

test('what counts on no host is not given it', () => {
  const { inventory } = compileTexts({
    'nixcluster.yaml': services,
    'services/web.nix': '{ }',
    'modules/names.nix': '{ }',
  })
  expect(inventory).toBeDefined()
  const hidden = flake(services, {
    'services/web.nix': '{ ... }@args: { environment.etc.seen.text = args."re${"solve"}" "vm1"; }',
    'modules/names.nix':
      '{ nixcluster, ... }: { users.motd = builtins.toJSON (nixcluster.${"re" + "solve"} "vm0"); }',
  })
  expect(() => hidden(...configOf('vm0', 'users.motd'))).toThrow('resolve is for machines')
})
