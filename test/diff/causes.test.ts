import { expect, test } from 'vitest'
import { chainText, rootOf } from '../../src/diff/causes.ts'
import { reasons } from '../../src/diff/reasons.ts'
import { cluster, compileTexts, vms } from '../compile/fleet.ts'

const base = `services:
  dns: { selectors: [example.com], definition: { builtin: static-dns } }
  web: { selectors: [tag:rack-a], definition: { path: /web.nix } }
  vault:
    roles: { storage: [vm0, vm1] }
    definition: { path: /vault.nix }
    settings: { join: !ips { select: storage, as: 'http://{ip}:8200' }, port: 1 }
${vms}`

/** Reasons as lines: where their chain begins, and the chain. */
function chains(from: string, to: string): string[] {
  expect(base).toContain(from)
  const [old, now] = [base, base.replace(from, to)].map((body) =>
    compileTexts({ 'nixcluster.yaml': cluster(body) }, ['web.nix', 'vault.nix']),
  )
  return reasons(old!.inventory, now!.inventory!).map((change) => {
    const { at, side } = rootOf(change)
    return `${at && (side === 'after' ? now! : old!).locate(at).line} ${chainText(change)}`
  })
}

test('a new machine is the cause of what the services gain that reach it', () => {
  expect(chains('  vm3:', '  vm4: { interfaces: { e: { dhcp: true } } }\n  vm3:')).toEqual([
    '20 vm4 is new',
    '20 vm4 is new → service dns gains vm4',
  ])
})

test('a tag is the cause of a membership', () => {
  expect(chains('vm2: {', 'vm2: { tags: [rack-a],')).toContain(
    '19 tags of vm2 change → service web gains vm2',
  )
})

test('a role that gains a member is the cause of settings that name it', () => {
  expect(chains('storage: [vm0, vm1]', 'storage: [vm0, vm1, vm2]')).toEqual(
    expect.arrayContaining([
      '13 role storage of vault gains vm2',
      expect.stringMatching(/^1\d .*gains vm2 → setting join of vault changes$/),
    ]),
  )
})

test('an address is the cause of what follows from it, in settings too', () => {
  const said = chains('10.0.0.2/24', '10.0.0.9/24')
  expect(said).toContain('18 interfaces of vm1 change → deployment.targetHost of vm1 changes')
  expect(said).toContain('18 interfaces of vm1 change → setting join of vault changes')
  expect(said).toContain('18 interfaces of vm1 change → service vault sees changes of vm1')
})

test('what somebody wrote has no other cause', () => {
  expect(chains('port: 1', 'port: 2')).toEqual(['15 setting port of vault changes'])
  const both = chains(
    `storage: [vm0, vm1] }
    definition: { path: /vault.nix }
    settings: { join: !ips { select: storage, as: 'http://{ip}:8200' }, port: 1 }`,
    `storage: [vm0, vm1, vm2] }
    definition: { path: /vault.nix }
    settings: { join: !ips { select: storage, as: 'https://{ip}:8200' }, port: 2 }`,
  )
  expect(both).toContain('15 setting port of vault changes')
})
