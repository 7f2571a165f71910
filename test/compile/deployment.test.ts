import { expect, test } from 'vitest'
import { compileTexts, inventoryOf, linesOf, problems } from './fleet.ts'

const domain = (deployment: string, clusters: string): Record<string, string> => ({
  'nixcluster.yaml': `apiVersion: nixcluster/v1
kind: Domain
suffix: com
system: x86_64-linux
deployment: ${deployment}
clusters:
${clusters}`,
})

test('the nearer level wins, and options of SSH are merged one by one', () => {
  const compilation = compileTexts(
    domain(
      '{ port: 2222, sshUser: admin, confirmTimeout: 60, sshOptions: { ConnectTimeout: 30, Compression: true, AddressFamily: inet } }',
      `  example:
    deployment: { sshUser: deploy, sshOptions: { AddressFamily: inet6, ProxyJump: bastion.example.com } }
    machines:
      vm0:
        interfaces: { eno1: { addresses: [10.0.0.2/24] } }
        deployment: { sshUser: root, magicRollback: false, sshOptions: { Compression: false } }
      vm1: { interfaces: { eno1: { addresses: [10.0.0.3/24] } } }
`,
    ),
  )
  expect(linesOf(compilation)).toEqual([])
  const [vm0, vm1] = compilation.inventory!.machines.map(({ deployment }) => deployment)
  expect(vm0).toEqual({
    targetHost: '10.0.0.2',
    port: 2222,
    sshUser: 'root',
    user: 'root',
    buildOn: 'controller',
    sshOptions: {
      ConnectTimeout: '30',
      Compression: 'no',
      AddressFamily: 'inet6',
      ProxyJump: 'bastion.example.com',
    },
    fastConnection: true,
    magicRollback: false,
    autoRollback: true,
    confirmTimeout: 60,
    activationTimeout: 240,
  })
  expect(vm1).toMatchObject({ sshUser: 'deploy', sshOptions: { Compression: 'yes' } })
})

test('a jump host and a target may be selected, from the level that says it', () => {
  const { machines } =
    inventoryOf(`deployment: { sshOptions: { ProxyJump: !ip { select: bastion, as: "admin@{ip}" } } }
machines:
  bastion: { interfaces: { eno1: { addresses: [192.0.2.1/24] } } }
  vm0:
    interfaces: { eno1: { primary: true, addresses: [10.0.0.2/24] }, mgmt: { addresses: ["fd00::2/64"] } }
    deployment: { targetHost: !ip mgmt }
`)
  const vm0 = machines.find(({ label }) => label === 'vm0')!
  expect(vm0.deployment.targetHost).toBe('fd00::2')
  expect(vm0.deployment.sshOptions).toEqual({ ProxyJump: 'admin@192.0.2.1' })
})

test('what selects nothing is said once, not for every machine', () => {
  expect(
    problems('deployment: { targetHost: !ip nobody }\nmachines: { vm0: { }, vm1: { } }\n'),
  ).toHaveLength(1)
})

test.each([
  ['sshOptions: { ProxyCommand: nc }', "unknown key 'ProxyCommand'"],
  ['sshOptions: { ProxyJump: "a b" }', 'expected text like admin@bastion.example.com'],
  ['sudo: "sudo; reboot #"', 'expected text like doas -u'],
  ['tempPath: tmp', 'expected text like /var/tmp'],
  ['buildOn: elsewhere', 'expected controller or target'],
  ['remoteBuild: true', "unknown key 'remoteBuild'"],
])('deployment: { %s } is an error', (written, message) => {
  const found = problems(`deployment: { ${written} }\nmachines: { vm0: { } }\n`)
  expect(found).toHaveLength(1)
  expect(found[0]).toContain(message)
})

test.each([
  ['no interface at all', '', true],
  ['DHCP only', 'interfaces: { eno1: { dhcp: true } }', true],
  [
    'a primary interface without address',
    'interfaces: { a: { dhcp: true, primary: true }, b: { addresses: [10.0.0.2/24] } }',
    true,
  ],
  ['an address', 'interfaces: { eno1: { addresses: ["fd00::2/64"] } }', false],
  [
    'a target',
    'interfaces: { eno1: { dhcp: true } }, deployment: { targetHost: vm0.example.com }',
    false,
  ],
])('a machine with %s is reached by its name, with a warning: %s', (_, machine, warned) => {
  const { diagnostics, inventory } = compileTexts(
    domain('{ }', `  example:\n    machines:\n      vm0: { ${machine} }\n`),
  )
  expect(diagnostics.some(({ code }) => code === 'compile/target-host')).toBe(warned)
  if (warned) expect(inventory!.machines[0]!.deployment.targetHost).toBe('vm0.example.com')
})

test('a target of the cluster is enough, and a mistake beside it is all that is said', () => {
  const codes = (deployment: string, machine: string): string[] =>
    compileTexts(domain(deployment, `  example:\n    machines:\n      vm0: { ${machine} }\n`))
      .diagnostics.map(({ code }) => code)
      .filter((code) => !code.startsWith('lock/'))
  expect(codes('{ targetHost: gateway.example.com }', '')).toEqual([])
  expect(codes('{ }', 'interfaces: { eno1: { addresses: [10.0.0.2] } }')).toEqual([
    'compile/address',
  ])
})
