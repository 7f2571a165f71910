import { expect, test } from 'vitest'
import { diffSystems } from '../../src/diff/system.ts'
import type { SystemContents } from '../../src/model/system-contents.ts'

const system = (name: string): string => `/nix/store/${name.padEnd(32, '0')}-nixos-system-vm0-25.11`

const boot = {
  kernel: '/nix/store/k-linux-6.12/bzImage',
  'kernel-modules': '/nix/store/m-kernel-modules',
  'kernel-params': 'loglevel=4',
  initrd: '/nix/store/i-initrd/initrd',
  systemd: '/nix/store/s-systemd-257',
}

const contents = (name: string, parts: Partial<SystemContents> = {}): SystemContents => ({
  system: system(name),
  units: {},
  files: {},
  packages: {},
  size: 1000,
  boot,
  inhibitors: {},
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
      key: { hash: '1', size: 100 },
      old: { hash: '1', size: 7 },
    },
  })
  const after = contents('b', {
    files: {
      'vault.hcl': { hash: '2', text: 'a\nb\nc\ne\n' },
      key: { hash: '2', size: 120 },
      new: { hash: '1', size: 8 },
    },
  })
  expect(diffSystems(before, after).files).toEqual([
    { path: '/etc/key', kind: 'changed', sizeBefore: 100, sizeAfter: 120 },
    { path: '/etc/new', kind: 'added', sizeAfter: 8 },
    { path: '/etc/old', kind: 'removed', sizeBefore: 7 },
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
    boot: { ...boot, kernel: '/nix/store/k-linux-6.13/bzImage', 'kernel-modules': '/nix/store/n' },
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

test.each([
  ['kernel-modules', '/nix/store/n-kernel-modules'],
  ['kernel-params', 'loglevel=7'],
  ['initrd', '/nix/store/j-initrd/initrd'],
  ['systemd', '/nix/store/t-systemd-258'],
])('another %s needs a reboot', (part, value) => {
  const after = contents('b', { boot: { ...boot, [part]: value } })
  expect(diffSystems(contents('a'), after).reboot).toEqual([part])
})

test('says what NixOS refuses to switch for: what both systems name, and not alike', () => {
  const store = (hash: string, name: string) => `/nix/store/${hash.padEnd(32, '0')}-${name}`
  const before = contents('a', {
    inhibitors: { dbus: 'dbus', glibc: store('a', 'glibc-2.40'), old: '1', init: 'systemd' },
  })
  const after = contents('b', {
    inhibitors: { dbus: 'broker', glibc: store('b', 'glibc-2.40'), new: '1', init: 'systemd' },
  })
  expect(diffSystems(before, after).refusedFor).toEqual(['dbus dbus → broker', 'glibc'])
  expect(diffSystems(undefined, after)).not.toHaveProperty('refusedFor')
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

test('says of users what of them changes, and of keys only how many', () => {
  const before = contents('a', {
    users: {
      alice: { groups: 'docker users', shell: '/bin/bash', keys: 'ssh-ed25519 A' },
      bob: { keys: 'ssh-ed25519 B' },
      carol: { home: '/home/carol' },
      dave: { password: 'a hash of it' },
    },
  })
  const after = contents('b', {
    users: {
      alice: { groups: 'users wheel', shell: '/bin/zsh', keys: 'ssh-ed25519 A\nssh-ed25519 C' },
      bob: { keys: 'ssh-ed25519 D' },
      dave: { password: 'a hash of another' },
      erin: { groups: 'wheel', keys: 'ssh-ed25519 E' },
    },
  })
  expect(diffSystems(before, after).users).toEqual([
    { name: 'alice', kind: 'changed', what: ['groups +wheel -docker', 'keys 1 → 2', 'shell'] },
    { name: 'bob', kind: 'changed', what: ['keys'] },
    { name: 'carol', kind: 'removed', what: [] },
    { name: 'dave', kind: 'changed', what: ['password'] },
    { name: 'erin', kind: 'added', what: ['groups wheel', 'keys 1'] },
  ])
})

test.each([
  [
    ['22/tcp', '80/tcp'],
    ['22/tcp', '443/tcp'],
    ['closes 80/tcp', 'opens 443/tcp'],
  ],
  [['22/tcp'], ['all'], ['opens all']],
  [['all'], ['22/tcp'], ['closes all', 'opens 22/tcp']],
  [['all'], ['all'], []],
])('a firewall that let %j in and lets %j in: %j', (before, after, expected) => {
  const { ports } = diffSystems(contents('a', { ports: before }), contents('b', { ports: after }))
  expect(ports.map(({ port, kind }) => `${kind} ${port}`)).toEqual(expected)
})

/** A machine with one container, whose system is named as NixOS names it. */
const withContainer = (name: string, inner: SystemContents, more = '') => {
  const unit =
    `[Unit]\nX-Restart-Triggers=/nix/store/${name.padEnd(32, '0')}-triggers\n` +
    '[Service]\nExecStart=/bin/nspawn\n# Wanted by machines.target\n'
  const conf = `SYSTEM_PATH=${inner.system}\nHOST_ADDRESS=10.0.0.1\n${more}`
  const place = {
    unit: 'container@web.service',
    namedIn: ['container@web.service', 'nixos-containers/web.conf'],
  }
  return contents(name, {
    units: { 'container@web.service': unit },
    files: { 'nixos-containers/web.conf': { hash: conf, text: conf } },
    virtualHosts: { web: { ...inner, ...place } },
  })
}
const inner = (name: string, motto: string) =>
  contents(name, { files: { motto: { hash: motto, text: `${motto}\n` } } })

test('a container that changes is shown with what changes in it, and not once more as unit and file', () => {
  const before = withContainer('a', inner('c', 'one'))
  const after = withContainer('b', inner('d', 'two'))
  expect(diffSystems(before, after)).toMatchObject({
    units: [],
    files: [],
    virtualHosts: [
      {
        name: 'web',
        kind: 'changed',
        effect: 'restarts',
        diff: { before: system('c'), after: system('d'), files: [{ path: '/etc/motto' }] },
      },
    ],
  })
})

test('what else changes of a container on its host is a change of its host', () => {
  const before = withContainer('a', inner('c', 'one'))
  const after = withContainer('b', inner('d', 'two'), 'MACVLANS="eth0"\n')
  expect(diffSystems(before, after).files.map(({ path }) => path)).toEqual([
    '/etc/nixos-containers/web.conf',
  ])
})

test('containers come and go', () => {
  const [without, withOne] = [contents('a'), withContainer('b', inner('c', 'one'))]
  expect(diffSystems(without, withOne)).toMatchObject({
    units: [],
    files: [],
    virtualHosts: [{ name: 'web', kind: 'added', effect: 'starts' }],
  })
  expect(diffSystems(withOne, without).virtualHosts).toEqual([
    { name: 'web', kind: 'removed', effect: 'stops' },
  ])
})

test('what is not restarted with its new system says so by saying nothing', () => {
  const stays = (contents: SystemContents): SystemContents => ({
    ...contents,
    units: { 'container@web.service': `[Service]\nX-RestartIfChanged=false\nA=${contents.system}` },
  })
  const before = stays(withContainer('a', inner('c', 'one')))
  const after = stays(withContainer('b', inner('d', 'two')))
  expect(diffSystems(before, after).virtualHosts[0]).not.toHaveProperty('effect')
})
