import { expect, test } from 'vitest'
import { diffSystems } from '../../src/diff/system.ts'
import type { SystemContents } from '../../src/model/system-contents.ts'

const system = (name: string): string => `/nix/store/${name.padEnd(32, '0')}-nixos-system-vm0-25.11`

const contents = (name: string, parts: Partial<SystemContents> = {}): SystemContents => ({
  system: system(name),
  units: {},
  files: {},
  packages: {},
  size: 1000,
  kernel: '/nix/store/k-linux-6.12',
  initrd: '/nix/store/i-initrd',
  systemd: '/nix/store/s-systemd-257',
  users: {},
  ports: [],
  virtualHosts: {},
  ...parts,
})

const vault = '[Service]\nExecStart=/bin/vault\n'
const wanted = '# Wanted by multi-user.target\n'

const effect = (before: string | undefined, after: string | undefined, name = 'vault.service') =>
  diffSystems(
    contents('a', { units: before === undefined ? {} : { [name]: before } }),
    contents('b', { units: after === undefined ? {} : { [name]: after } }),
  ).units[0]?.effect

test('two systems of the same parts differ in nothing', () => {
  const parts = { units: { 'vault.service': vault }, packages: { vault: ['1'] } }
  expect(diffSystems(contents('a', parts), contents('b', parts))).toEqual({
    before: system('a'),
    after: system('b'),
    units: [],
    files: [],
    packages: [],
    sizeDelta: 0,
    reboot: [],
    compared: 'closures',
    users: [],
    ports: [],
    virtualHosts: [],
  })
})

test.each([
  ['a wanted unit that is new starts', undefined, vault + wanted, 'starts'],
  ['a new unit that nothing wants does not', undefined, vault, 'none'],
  ['a unit that is gone stops', vault, undefined, 'stops'],
  ['unless it asks to stay', `[Unit]\nX-StopOnRemoval=false\n${vault}`, undefined, 'none'],
  ['a changed unit restarts', vault, `${vault}Nice=5\n`, 'restarts'],
  [
    'or reloads where it says so',
    vault,
    `[Unit]\nX-ReloadIfChanged=true\n${vault}Nice=5\n`,
    'reloads',
  ],
  [
    'or stays where it says so',
    vault,
    `[Unit]\nX-RestartIfChanged=false\n${vault}Nice=5\n`,
    'none',
  ],
  [
    'a description is no reason',
    `[Unit]\nDescription=a\n${vault}`,
    `[Unit]\nDescription=b\n${vault}`,
    'none',
  ],
  [
    'a reload trigger reloads',
    `[Unit]\nX-Reload-Triggers=/nix/store/a\n${vault}`,
    `[Unit]\nX-Reload-Triggers=/nix/store/b\n${vault}`,
    'reloads',
  ],
  [
    'a restart trigger restarts',
    `[Unit]\nX-Restart-Triggers=/nix/store/a\n${vault}`,
    `[Unit]\nX-Restart-Triggers=/nix/store/b\n${vault}`,
    'restarts',
  ],
  ['a unit that is wanted only now starts', vault, vault + wanted, 'starts'],
  ['a unit that is masked stops', vault, '# masked\n', 'stops'],
])('%s', (_, before, after, expected) => {
  expect(effect(before, after)).toBe(expected)
})

test('a target that changes does nothing itself', () => {
  expect(effect('[Unit]\nWants=a\n', '[Unit]\nWants=b\n', 'multi-user.target')).toBe('none')
})

test('shows the lines of a file that changed, and not those of one that is no text', () => {
  const before = contents('a', {
    files: {
      'vault.hcl': { hash: '1', text: 'a\nb\nc\nd\n' },
      key: { hash: '1' },
      old: { hash: '1' },
    },
  })
  const after = contents('b', {
    files: {
      'vault.hcl': { hash: '2', text: 'a\nb\nc\ne\n' },
      key: { hash: '2' },
      new: { hash: '1' },
    },
  })
  expect(diffSystems(before, after).files).toEqual([
    { path: '/etc/key', kind: 'changed' },
    { path: '/etc/new', kind: 'added' },
    { path: '/etc/old', kind: 'removed' },
    { path: '/etc/vault.hcl', kind: 'changed', patch: '@@ -2,3 +2,3 @@\n b\n c\n-d\n+e' },
  ])
})

test('of store paths a diff keeps what tells them apart', () => {
  const unit = (hash: string) =>
    `ExecStart=/nix/store/${hash.padEnd(32, 'x')}-vault-1.17.2/bin/vault\n`
  const { units } = diffSystems(
    contents('a', { units: { 'vault.service': unit('aaa') } }),
    contents('b', { units: { 'vault.service': unit('bbb') } }),
  )
  expect(units[0]!.patch).toBe(
    '@@ -1,1 +1,1 @@\n-ExecStart=/nix/store/aaaxxxx…-vault-1.17.2/bin/vault\n' +
      '+ExecStart=/nix/store/bbbxxxx…-vault-1.17.2/bin/vault',
  )
})

test('names packages that came, went or changed their version, and what needs a reboot', () => {
  const before = contents('a', { packages: { vault: ['1.16.1'], jq: ['1.7'] } })
  const after = contents('b', {
    packages: { vault: ['1.17.2'], htop: ['3.3'] },
    size: 3000,
    kernel: '/nix/store/k-linux-6.13',
  })
  expect(diffSystems(before, after)).toMatchObject({
    packages: [
      { name: 'htop', before: [], after: ['3.3'] },
      { name: 'jq', before: ['1.7'], after: [] },
      { name: 'vault', before: ['1.16.1'], after: ['1.17.2'] },
    ],
    sizeDelta: 2000,
    reboot: ['kernel'],
  })
})

test('for a machine that was given nothing everything is new and nothing reboots', () => {
  const diff = diffSystems(undefined, contents('b', { units: { 'vault.service': vault + wanted } }))
  expect(diff).toMatchObject({
    units: [{ name: 'vault.service', kind: 'added', effect: 'starts' }],
    sizeDelta: 1000,
    reboot: [],
    compared: 'closures',
    users: [],
    ports: [],
    virtualHosts: [],
  })
  expect(diff).not.toHaveProperty('before')
})

test('a long diff is cut', () => {
  const text = (word: string) => Array.from({ length: 100 }, (_, n) => `${word} ${n}\n`).join('')
  const { files } = diffSystems(
    contents('a', { files: { x: { hash: '1', text: text('a') } } }),
    contents('b', { files: { x: { hash: '2', text: text('b') } } }),
  )
  expect(files[0]!.patch!.split('\n')).toHaveLength(61)
  expect(files[0]!.patch).toMatch(/\[141 more lines\]$/)
})
