import { expect, test } from 'vitest'
import { compileTexts, inventoryOf, problems, vms } from '../compile/fleet.ts'

/** The labels of the hosts that a service `s` with these selectors runs on. */
function hosts(selectors: string, more = ''): string {
  const { services } = inventoryOf(`services:\n  s: { selectors: ${selectors} }\n${more}${vms}`)
  const names = services.find(({ label }) => label === 's')!.hosts
  return names.map((name) => name.split('.')[0]).join(' ')
}

test.each([
  ['[vm1]', 'vm1'],
  ['[vm1.example.com]', 'vm1'],
  ['[vm1.example]', 'vm1'],
  ['[VM1]', 'vm1'],
  ['[vm2, vm0]', 'vm2 vm0'],
  ['[vm2, vm0, vm2]', 'vm2 vm0'],
  ['[example.com]', 'vm0 vm1 vm2 vm3'],
  ['[com]', 'vm0 vm1 vm2 vm3'],
  ['[eno1.vm2]', 'vm2'],
  ['["vm*"]', 'vm0 vm1 vm2 vm3'],
  ['["*"]', 'vm0 vm1 vm2 vm3'],
  ['["vm*.example"]', 'vm0 vm1 vm2 vm3'],
  ['["**.com"]', 'vm0 vm1 vm2 vm3'],
  ['[vm*, -vm3]', 'vm0 vm1 vm2'],
  ['[-vm3, vm*]', 'vm0 vm1 vm2'],
  ['[vm3, vm*]', 'vm3 vm0 vm1 vm2'],
  ['["tag:rack-a"]', 'vm0 vm1'],
  ['["tag:rack-a", "-tag:ssd"]', 'vm0'],
  ['["machine:vm2"]', 'vm2'],
  ['["machine:*"]', 'vm0 vm1 vm2 vm3'],
  ['["cluster:example"]', 'vm0 vm1 vm2 vm3'],
  ['["domain:com"]', 'vm0 vm1 vm2 vm3'],
  ['["interface:eno1.*"]', 'vm0 vm1 vm2 vm3'],
  ['[{ select: "vm*", tags: [rack-a, ssd] }]', 'vm1'],
  ['[{ select: "vm*", except: [vm0, vm1] }]', 'vm2 vm3'],
  ['[{ select: "*", kind: machine }]', 'vm0 vm1 vm2 vm3'],
  ['[{ select: "x*", optional: true }]', ''],
])('%s selects %s', (selectors, expected) => expect(hosts(selectors)).toBe(expected))

test('services and roles are selectors too, and keep their order', () => {
  const other = '  other: { roles: { first: [vm2, vm1], second: [vm0] } }\n'
  expect(hosts('[first.other]', other)).toBe('vm2 vm1')
  expect(hosts('[other]', other)).toBe('vm0 vm1 vm2')
  expect(hosts('["role:*.other"]', other)).toBe('vm2 vm1 vm0')
  expect(hosts('["service:*"]', other)).toBe('vm0 vm1 vm2')
})

test('natural order: vm2 comes before vm10', () => {
  const { services } = inventoryOf(
    'services: { s: { selectors: ["*"] } }\nmachines: { vm10: , vm2: , n20261123120000: , n9999999999999: , vm1: , a1: }',
  )
  expect(services[0]!.hosts).toEqual(
    ['a1', 'n9999999999999', 'n20261123120000', 'vm1', 'vm2', 'vm10'].map(
      (label) => `${label}.example.com`,
    ),
  )
})

test('the nearest scope wins, with a warning where a full name is meant by other people', () => {
  expect(
    problems(`services:
  com: { selectors: [vm0] }
  s: { selectors: [com] }
${vms}`),
  ).toEqual([
    "3:20 warning: 'com' means com.example.com here, not the domain com [selectors/ambiguous]",
  ])
})

test.each([
  [
    '[vm7]',
    "no host or service is called 'vm7' here; example.com has vm0 to vm3 [selectors/dangling]",
  ],
  [
    '[vn0.example.com]',
    "no host or service is called 'vn0.example.com' here, did you mean 'vm0'? [selectors/dangling]",
  ],
  [
    '["service:vm0"]',
    "no service is called 'vm0' here; vm0.example.com is a machine [selectors/dangling]",
  ],
  ['["x*"]', "no host matches 'x*' here; example.com has vm0, vm1, vm2, vm3 [selectors/no-match]"],
  ['["tag:rack-b"]', "no host of example.com carries the tag 'rack-b' [selectors/no-match]"],
  ['["host:vm0"]', "'host:' is no kind of element [selectors/syntax]"],
  ['["vm 0"]', "'vm 0' is no name [selectors/syntax]"],
  ['[{ select: vm0, tags: [ssd] }]', "no host of 'vm0' carries the tag 'ssd' [selectors/no-match]"],
])('%s is answered', (selectors, message) => {
  const [line] = problems(`services:\n  s: { selectors: ${selectors} }\n${vms}`)
  expect(line).toContain(message.replace('vm0, vm1, vm2, vm3', 'vm0 to vm3'))
})

test('what follows from a mistake is not said', () => {
  const of = (services: string): string[] => problems(`services:\n${services}\n${vms}`)
  expect(
    of('  a: { selectors: [vm9] }\n  b: { selectors: [a], settings: { one: !ip a } }'),
  ).toHaveLength(1)
  expect(of('  a: { selectors: [b] }\n  b: { selectors: [a] }\n  c: { selectors: [a] }')).toEqual([
    '2:3 error: these select each other: a.example.com -> b.example.com -> a.example.com [selectors/circle]',
  ])
})

test('services that select through thousands of others are refused', () => {
  const names = Array.from({ length: 3000 }, (_, index) => `s${index}`)
  const services = names.map(
    (name, index) => `  ${name}: { selectors: [${names[index + 1] ?? 'vm0'}] }`,
  )
  const [first] = problems(`services:\n${services.join('\n')}\n${vms}`)
  expect(first).toBe(
    '2:3 error: s0.example.com selects through more than 500 others: s0.example.com -> s1.example.com -> s2.example.com -> … [selectors/circle]',
  )
})

test('a circle hides no mistake elsewhere, a warning no error', () => {
  expect(
    problems(
      `services:\n  a: { selectors: [a] }\n  b: { selectors: [vm9] }\n  c: { selectors: ["x*"] }\n${vms}`,
    ),
  ).toHaveLength(3)
  expect(
    problems(
      `services:\n  a: { selectors: [vm0, -vm0, -vm9] }\n  b: { selectors: [{ select: "vm*", tags: [no], except: [vm9] }] }\n${vms}`,
    ).filter((line) => line.includes(' error: ')),
  ).toHaveLength(2)
})

test('a role that another service asks first makes no circle', () => {
  const services = '  a: { selectors: [r.s] }\n  s: { selectors: [r.s, vm2], roles: { r: [vm0] } }'
  expect(problems(`services:\n${services}\n${vms}`)).toEqual([])
})

test('a machine that selects by kind may select itself', () => {
  const { machines } = inventoryOf('machines: { vm0: { data: !hostnames "machine:*" }, vm1: }')
  expect(machines[0]!.data).toMatchObject({ items: [{ value: 'vm0' }, { value: 'vm1' }] })
})

test("a cluster without machines does not begin to select another's", () => {
  const { diagnostics } = compileTexts({
    'nixcluster.yaml': `apiVersion: nixcluster/v1
kind: Domain
suffix: com
system: x86_64-linux
clusters:
  a: { services: { s: { selectors: ["**"] } } }
  b: { machines: { vm0: } }
`,
  })
  expect(diagnostics.map(({ message }) => message)).toContain(
    "no host matches '**' here; a.com has no host",
  )
})

test('a pattern of many stars is answered at once', () => {
  const label = 'a'.repeat(63)
  const start = performance.now()
  problems(`services:\n  s: { selectors: ["${'*a'.repeat(30)}*b"] }\nmachines: { ${label}: }`)
  expect(performance.now() - start).toBeLessThan(10_000)
})

test('a name that is short for something elsewhere is answered with how it is written here', () => {
  expect(
    problems(`services:\n  a: { roles: { server: [vm0] } }\n  s: { selectors: [server] }\n${vms}`),
  ).toEqual([
    "3:20 error: no host or service is called 'server' here, did you mean 'server.a'? [selectors/dangling]",
  ])
})

test('an exclusion that names nothing is a warning; one that leaves nothing is an error', () => {
  expect(problems(`services:\n  s: { selectors: [vm0, -vm7] }\n${vms}`)).toEqual([
    "2:25 warning: no host or service is called 'vm7' here; example.com has vm0 to vm3 [selectors/dangling]",
  ])
  expect(problems(`services:\n  s: { selectors: [vm0, -vm0] }\n${vms}`)).toEqual([
    '2:19 error: these selectors leave no host [selectors/empty]',
  ])
})

test('services that select each other are an error that prints the circle', () => {
  expect(
    problems(
      `services:\n  a: { selectors: [b] }\n  b: { selectors: [c] }\n  c: { selectors: [a] }\n${vms}`,
    ),
  ).toEqual([
    '2:3 error: these select each other: a.example.com -> b.example.com -> c.example.com -> a.example.com [selectors/circle]',
  ])
})

test("a role's host must be one of its service's", () => {
  expect(
    problems(`services:\n  s: { selectors: [vm0, vm1], roles: { r: [vm1, vm2] } }\n${vms}`),
  ).toEqual([
    "2:49 error: the selectors of s.example.com do not have vm2, which its role 'r' wants [selectors/outside]",
  ])
})

test('a role with too few hosts, a service without any', () => {
  expect(
    problems(`services:\n  s: { roles: { r: { selectors: [vm0], min: 3 } } }\n  t:\n${vms}`),
  ).toEqual([
    "2:17 error: the role 'r' needs at least 3, and has 1 host [selectors/arity]",
    '3:3 error: the service t.example.com says nowhere on which hosts it runs [selectors/missing]',
  ])
})
