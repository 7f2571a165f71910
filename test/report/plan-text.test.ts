import { stripVTControlCharacters } from 'node:util'
import picocolors from 'picocolors'
import { expect, test } from 'vitest'
import { planText } from '../../src/report/plan-text.ts'
import { diff, examplePlan } from './example-plan.ts'
import { everyKind, tooLarge } from './example-plans.ts'

const { createColors } = picocolors

const text = (plan: Partial<typeof examplePlan>): string =>
  planText({ ...examplePlan, ...plan }).join('\n')

test('a plan says what matters, why, what changes, and what to do', () => {
  expect(text({})).toBe(`plan of more-storage (3f2c1a9) into main (9b01e77)

  3 of 12 machines change. Nothing reboots, nothing is removed.

  clusters/example.yaml:18  role storage of vault gains vm2

  vm0, vm1   ~ vault.service   restarts
             ~ /etc/vault.hcl

  vm2        + vault.service   starts
             + /etc/vault.hcl
             + vault           1.17.2
               +31 MiB

  9 machines stay as they are.
  Rollout: vm2, then vm0, then vm1 (at most 1 of storage at a time).
  Merge to main to deploy.                                         2.4 s`)
})

test('reboots, removals, first deployments and what waits are said', () => {
  const { tookMs: _, rollout: __, ...rest } = examplePlan
  const lines = planText({
    ...rest,
    machines: [
      {
        name: 'vm0.example.com',
        diff: diff({
          reboot: ['kernel'],
          packages: [{ name: 'linux', before: ['6.12.1'], after: ['6.12.2'] }],
        }),
      },
      {
        name: 'vm1.example.com',
        diff: diff({ units: [{ name: 'vault.service', kind: 'removed', effect: 'stops' }] }),
      },
      { name: 'vm2.example.com', diff: { ...firstDiff, sizeDelta: 60_000_000 } },
      { name: 'vm3.example.com' },
    ],
    unaffected: ['vm4.example.com'],
    removed: ['vm9.example.com'],
    reasons: [
      { place: 'clusters/example.yaml:18', text: 'vm9 is gone', machines: ['vm9.example.com'] },
      { text: 'flake.lock: nixpkgs moves from 1234567 to 89abcde', machines: [] },
    ],
    waits: 'nothing is deployed before somebody says `nixcluster deploy` once',
  })
  expect(lines.join('\n')).toBe(`plan of more-storage (3f2c1a9) into main (9b01e77)

  4 of 5 machines change. Reboot needed on vm0, the configuration loses
  vm9, services are removed from vm1.

  Leaving: vm9; nothing is deployed there any more, what runs goes on.
  Waits: nothing is deployed before somebody says \`nixcluster deploy\`
  once.

  clusters/example.yaml:18  vm9 is gone
  flake.lock: nixpkgs moves from 1234567 to 89abcde

  vm0   ! needs a reboot: kernel
        ~ linux   6.12.1 → 6.12.2

  vm1   - vault.service   stops

  vm2   + gets its first system: 1 unit, 0 files
          +57 MiB

  vm3   changes; its systems are not here to be compared

  1 machine stays as it is.`)
})

const { before: _, ...firstDiff } = diff({
  units: [{ name: 'sshd.service', kind: 'added', effect: 'starts' }],
})

test('a mistake in Nix is shown in Nix’ words, once for all machines that it concerns', () => {
  const message = "undefined variable 'tru'\nat machines/base.nix:2:27:\n     2| enabel = tru;"
  const failures = ['vm0', 'vm1'].map((label) => ({
    machine: `${label}.example.com`,
    stage: 'evaluation' as const,
    message,
  }))
  expect(text({ machines: [], reasons: [], failures })).toContain(`
  No machine changes. 2 cannot be evaluated.

  ✗ vm0, vm1 cannot be evaluated:
      undefined variable 'tru'
      at machines/base.nix:2:27:
           2| enabel = tru;
`)
})

test('where nothing changes there is nothing to merge for', () => {
  const { tookMs: _, rollout: __, ...rest } = examplePlan
  expect(planText({ ...rest, machines: [], reasons: [] })).toEqual([
    'plan of more-storage (3f2c1a9) into main (9b01e77)',
    '',
    '  No machine changes.',
    '',
    '  9 machines stay as they are.',
  ])
})

test('a static plan names who may change and runs nothing', () => {
  const lines = planText({ ...examplePlan, kind: 'static' })
  expect(lines.slice(2, 8)).toEqual([
    '  3 of 12 machines may change.',
    '  Static plan: nobody’s code was run.',
    '',
    '  clusters/example.yaml:18  role storage of vault gains vm2',
    '',
    '  vm0 to vm2',
  ])
})

test('names are full where labels alone would be taken for each other', () => {
  const machines = [{ name: 'vm0.a.com', diff: diff() }]
  const lines = text({ machines, unaffected: ['vm0.b.com'], reasons: [] })
  expect(lines).toContain('\n  vm0.a.com   is built anew')
})

test('no line is wider than a terminal beside git’s own words, whatever the names', () => {
  const long = 'x'.repeat(60)
  const lines = planText({
    ...examplePlan,
    machines: Array.from({ length: 40 }, (_, n) => ({
      name: `${'very-long-name-of-a-machine'}${n}.example.com`,
      diff: diff({
        units: [{ name: `unit-${n % 30}.service`, kind: 'added', effect: 'starts' }],
        packages: Array.from({ length: 90 }, (_, m) => ({
          name: `package-${m}`,
          before: ['1'],
          after: ['2'],
        })),
      }),
    })),
    reasons: [{ place: `clusters/${long}.yaml:18`, text: 'many words '.repeat(30), machines: [] }],
    failures: [{ machine: 'vm99.example.com', stage: 'build', message: long.repeat(9) }],
  })
  // A path is not broken: it is there to be copied.
  const wide = lines.filter((line) => line.length > 72 && !line.includes('clusters/'))
  expect(wide).toEqual([])
  expect(lines.join('\n')).toContain('and 83 more')
  expect(lines.join('\n')).toContain('And 11 changes more: nixcluster plan more-storage')
})

test('text of others cannot colour or move on the terminal', () => {
  const evil = '\x1b[2J\x1b]0;title\x07\u202eevil'
  const lines = text({
    title: { ...examplePlan.title, branch: evil },
    reasons: [{ place: evil, text: evil, machines: [] }],
    failures: [{ machine: 'vm9.example.com', stage: 'evaluation', message: evil }],
  })
  expect(lines).toContain('evil')
  expect(lines.replaceAll('\n', '')).not.toMatch(/[\0-\x1f\x7f-\x9f\u202e]/)
})

test('a switch that NixOS refuses, and what happens to a container, are said', () => {
  const machine = {
    name: 'vm0.example.com',
    diff: diff({
      refusedFor: ['dbus-implementation dbus → broker'],
      virtualHosts: [
        {
          name: 'web',
          kind: 'changed',
          effect: 'restarts',
          diff: diff({ files: [{ path: '/etc/motto', kind: 'changed' }] }),
        },
      ],
    }),
  }
  const lines = text({ machines: [machine] })
  expect(lines).toContain('! NixOS refuses the switch: dbus-implementation dbus → broker')
  expect(lines).toMatch(/~ virtual host web +restarts\n +~ \/etc\/motto/)
})

test('colour is for state only, and never alone', () => {
  const colours = createColors(true)
  const plain = planText(everyKind, { whole: true })
  const coloured = planText(everyKind, { whole: true, colour: true })
  expect(coloured.map((line) => stripVTControlCharacters(line))).toEqual(plain)
  expect(coloured.join('\n')).toContain(`${colours.green('+')} port 25/tcp`)
  expect(coloured.join('\n')).toContain(colours.red('-message_size_limit = 10240000'))
})

test('whoever has the repository sees all of it', () => {
  const lines = planText(tooLarge, { whole: true }).join('\n')
  expect(lines).toContain('address of interface eth0 of edge400 changes')
  expect(lines).toContain('server 10.0.1.59:8080')
  expect(lines).not.toContain('more: nixcluster plan')
})
