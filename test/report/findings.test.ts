import { describe, expect, test } from 'vitest'
import { GitError, UnreachableError } from '../../src/model/errors.ts'
import type { Finding } from '../../src/model/finding.ts'
import type { Target } from '../../src/model/remote.ts'
import type { FolderFacts, MachineFacts } from '../../src/model/surroundings.ts'
import { machineFailure, machineFindings } from '../../src/report/findings/machine.ts'
import { cageFinding, pairFinding, storeFindings } from '../../src/report/findings/nix.ts'
import { addressFinding, folderFinding, noKeyFinding } from '../../src/report/findings/place.ts'
import { programFinding } from '../../src/report/findings/programs.ts'
import {
  branchFinding,
  ownFinding,
  pushFinding,
  unreadableFinding,
} from '../../src/report/findings/repository.ts'
import { isFrom } from '../../src/report/findings/version.ts'

const told = ({ name, state, found, advice }: Finding): string =>
  `${name}: ${state} ${found}${advice === undefined ? '' : ` → ${advice}`}`

test.each([
  ['nix (Nix) 2.26.3', '2.18', true],
  ['nix (Nix) 2.18.0', '2.18', true],
  ['nix (Nix) 2.8.0', '2.18', false],
  ['nix (Lix, like Nix) 2.91.1', '2.18', true],
  ['nix (Nix) 3.0pre20260101', '2.18', true],
  ['OpenSSH_9.2p1 Debian-2+deb12u6', '9.2', true],
  ['deploy-rs 0.1.2', '1.0', false],
  ['usage: deploy', '1.0', undefined],
])('of %s, %s or later is %s', (said, oldest, is) => {
  expect(isFrom(said, oldest)).toBe(is)
})

describe('a machine', () => {
  const target: Target = {
    ...{ name: 'web1.example.com', targetHost: '192.0.2.7', port: 22, sshUser: 'root' },
    ...{ user: 'root', buildOn: 'controller' as const, sshOptions: {}, fastConnection: false },
    ...{ magicRollback: true, autoRollback: true, confirmTimeout: 30, activationTimeout: 240 },
  }
  const machine = { target, system: 'x86_64-linux', ledger: 'ours' }
  const well: MachineFacts = {
    ...{ nix: 'nix (Nix) 2.26.3', architecture: 'x86_64', freeBytes: 2 ** 34, aheadMs: 0 },
    ...{ systemd: 'running', failedUnits: [], missing: [], trusted: ['root'], groups: ['users'] },
    ...{ locked: false, lease: '', owner: '' },
  }
  const find = (facts: Partial<MachineFacts>, as: Partial<typeof machine> = {}) =>
    machineFindings('web1', { ...machine, ...as }, { ...well, ...facts }).map(told)
  const deploys = { target: { ...target, sshUser: 'deploy' } }

  test('that has all has one line', () => {
    expect(find({})).toEqual(['web1: fine root@192.0.2.7, Nix 2.26.3, 16 GiB free, running'])
    expect(find({ lease: 'ours', owner: 'us' })).toHaveLength(1)
  })

  test.each([
    [{ nix: '' }, 'web1 nix: wrong there is no Nix'],
    [{ nix: 'nix (Nix) 2.3.16' }, 'web1 nix: wrong 2.3.16 is too old'],
    [{ missing: ['flock'] }, 'web1 programs: wrong it has no flock'],
    [{ architecture: 'aarch64' }, 'web1 system: wrong it is aarch64, and is configured as x86_64'],
    [{ freeBytes: 5 * 2 ** 20 }, 'web1 disk: wrong 5.0 MiB free below /nix'],
    [{ freeBytes: 5 * 2 ** 26 }, 'web1 disk: warning 320 MiB free below /nix'],
    [{ aheadMs: 90_000 }, 'web1 clock: warning its clock is 90 s ahead'],
    [{ aheadMs: -400_000 }, 'web1 clock: warning its clock is 7 min behind'],
    [
      { systemd: 'degraded', failedUnits: ['backup.service'] },
      'web1 systemd: warning systemd is degraded: backup.service failed',
    ],
    [{ systemd: '' }, 'web1 systemd: warning systemd is not there'],
    [{ locked: true }, 'web1 activation: warning one is under way'],
    [
      { lease: 'theirs', owner: 'other:1' },
      'web1 lease: wrong another controller has taken it (other:1)',
    ],
  ] as const)('with %j is told so, with what to do', (facts, said) => {
    const [, trouble, ...more] = find(facts)
    expect(trouble).toContain(said)
    expect(trouble).toContain(' → ')
    expect(more).toEqual([])
  })

  test.each([
    [['root'], ['users'], false],
    [['root', 'deploy'], ['users'], true],
    [['root', '@wheel'], ['users'], false],
    [['root', '@wheel'], ['wheel'], true],
    [['*'], ['users'], true],
  ] as const)('whose Nix trusts %j takes what a user of %j copies: %s', (trusted, groups, is) => {
    const lines = find({ trusted, groups }, deploys)
    expect(lines.some((line) => line.startsWith('web1 trust: wrong'))).toBe(!is)
  })

  const fail = (error: unknown): string => told(machineFailure('web1', machine, error))

  test('that is off, refuses the key, or is another one', () => {
    const cannot = 'web1.example.com cannot be reached: '
    expect(fail(new UnreachableError(`${cannot}connect to host: Connection refused`))).toBe(
      'web1: wrong connect to host: Connection refused → is it on, and is 192.0.2.7, port 22, right (deployment.targetHost)?',
    )
    expect(fail(new UnreachableError(`${cannot}root@h: Permission denied (publickey).`))).toContain(
      'refuses the key → add the public half of ssh.identityFile to root',
    )
    expect(fail(new UnreachableError(cannot, { isStranger: true }))).toContain(
      'has another host key than the known one → was it installed anew?',
    )
  })

  test('where its user does not become root', () => {
    expect(fail(new Error('web1.example.com: sudo: a password is required'))).toContain(
      'web1 sudo: wrong root cannot become root without a password → security.sudo',
    )
  })
})

describe('the place of the controller', () => {
  const facts: FolderFacts = {
    ...{ folder: '/var/lib/nixcluster', isThere: true, owner: 7, us: 7, freeBytes: 2 ** 35 },
  }
  test.each([
    [{}, 'fine /var/lib/nixcluster: 32 GiB free'],
    [{ isThere: false, owner: 0 }, 'fine /var/lib/nixcluster is made at the start'],
    [{ refusal: 'EACCES' }, 'wrong /var/lib/nixcluster cannot be written by this user (EACCES)'],
    [{ refusal: 'EROFS' }, 'wrong /var/lib/nixcluster is on a read-only file system'],
    [{ freeBytes: 1000 }, 'wrong /var/lib/nixcluster: 1000 bytes free'],
    [{ freeBytes: 2 ** 29 }, 'warning /var/lib/nixcluster: 512 MiB free'],
    [
      { us: 0 },
      'warning /var/lib/nixcluster belongs to another user (7) than the one who asks (0)',
    ],
  ])('a state folder with %j', (over, said) => {
    expect(told(folderFinding({ ...facts, ...over }))).toContain(said)
  })

  test('an address that this user may not take, and no key', () => {
    const address = { host: '127.0.0.1', port: 80 }
    expect(told(addressFinding(address, { kind: 'refused', code: 'EACCES' }))).toBe(
      'address: wrong 127.0.0.1, port 80: this user may not → choose a listen.port from 1024 on',
    )
    expect(noKeyFinding().state).toBe('warning')
  })
})

test('a program that does not tell its version is to be looked at', () => {
  const needed = { name: 'deploy-rs', program: 'deploy', oldest: '1.0', setting: 'tools.deploy' }
  expect(
    told(programFinding(needed, { path: '/bin/deploy', said: 'usage: deploy', runs: true })),
  ).toBe(
    'deploy-rs: warning /bin/deploy does not tell its version: usage: deploy → check that it is deploy-rs 1.0 or later',
  )
})

test('what Nix cannot do for us', () => {
  expect(storeFindings({ url: 'local', mayRoot: false }).map(told)[1]).toContain('roots: wrong')
  expect(told(cageFinding('open'))).toContain('cage: wrong')
  expect(told(pairFinding({ fits: false, said: 'no deriver' }))).toContain(
    'nix and deploy-rs: wrong deploy-rs cannot build with this Nix: no deriver',
  )
})

describe('a repository', () => {
  test.each([
    ['Permission denied (publickey)', 'as a deploy key'],
    ['Host key verification failed.', 'ssh-keyscan'],
    ['The requested URL returned error: 403', 'check the token'],
    ['does not appear to be a git repository', 'check its url'],
  ])('of which git says %s', (said, advice) => {
    expect(unreadableFinding('git@h:f.git', new GitError('unreachable', said)).advice).toContain(
      advice,
    )
  })

  test('that is pushed by those who should, and not by others', () => {
    const refusal = new GitError('rejected', 'pushing: denied')
    const states = [true, refusal].flatMap((mayPush) =>
      [true, false].map((pushes) => pushFinding({ mayPush, pushes }, 'nixcluster/*').state),
    )
    expect(states).toEqual(['fine', 'warning', 'wrong', 'fine'])
  })

  test('whose branches are ours alone', () => {
    const tip = { id: 'c0ffee'.padEnd(40, '0'), author: 'us <us@x>', date: '2026-01-02T03:04:05Z' }
    expect(ownFinding('nixcluster/main', undefined, 'us <us@x>').state).toBe('fine')
    expect(ownFinding('nixcluster/main', tip, 'us <us@x>').state).toBe('fine')
    expect(told(ownFinding('nixcluster/main', tip, 'we <we@x>'))).toContain(
      'nixcluster/main: wrong c0ffee0 was written by us <us@x>, 2026-01-02',
    )
    expect(told(branchFinding('main', tip.id, 0, 3))).toBe('branch: fine main c0ffee0, 3 machines')
  })
})
