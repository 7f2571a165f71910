import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { keyOf, knownHostsLine, sshConfig } from '../../src/ssh/ssh-config.ts'

const target = {
  name: 'web.example.com',
  targetHost: '2001:db8::7',
  port: 2222,
  sshUser: 'root',
  user: 'root',
  buildOn: 'controller' as const,
  sshOptions: {},
  fastConnection: true,
  hostKey: 'ssh-ed25519 AAAAC3Nza+/= web',
  magicRollback: true,
  autoRollback: true,
  confirmTimeout: 30,
  activationTimeout: 240,
}
const files = { identity: '/keys/id', knownHosts: '/state/known', jumpHosts: '/state/jump' }

test('one machine, strict about its key, never asking', () => {
  const lines = sshConfig(target, files, 'yes').split('\n')
  expect(lines[0]).toBe('Host web.example.com')
  for (const line of [
    '  HostName 2001:db8::7',
    '  HostKeyAlias web.example.com',
    '  Port 2222',
    '  StrictHostKeyChecking yes',
    '  UserKnownHostsFile /state/known',
    '  GlobalKnownHostsFile /dev/null',
    '  BatchMode yes',
    '  IdentitiesOnly yes',
    '  ControlMaster no',
  ])
    expect(lines).toContain(line)
})

test('ssh reads it as meant, for the machine and for the host in front of it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-ssh-config-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const sshOptions = { ProxyJump: 'admin@192.0.2.1:2200', ConnectTimeout: '30' }
  writeFileSync(join(folder, 'config'), sshConfig({ ...target, sshOptions }, files, 'yes'))
  const read = (host: string): string[] =>
    execFileSync('ssh', ['-G', '-F', join(folder, 'config'), host], { encoding: 'utf8' }).split(
      '\n',
    )
  expect(read('web.example.com')).toEqual(
    expect.arrayContaining([
      'hostname 2001:db8::7',
      'port 2222',
      'connecttimeout 30',
      'stricthostkeychecking true',
      'userknownhostsfile /state/known',
      'proxyjump admin@[192.0.2.1]:2200',
      'batchmode yes',
    ]),
  )
  const jump = read('192.0.2.1')
  expect(jump).toEqual(
    expect.arrayContaining([
      'hostname 192.0.2.1',
      'port 22',
      'connecttimeout 10',
      'stricthostkeychecking accept-new',
      'userknownhostsfile /state/jump',
      'batchmode yes',
    ]),
  )
  expect(jump.filter((line) => /^(proxyjump|hostkeyalias)/.test(line))).toEqual([])
})

test.each([
  ['a program', { ProxyCommand: '/bin/evil' }, 'is not for machines to set'],
  ['a weaker check', { StrictHostKeyChecking: 'no' }, 'is not for machines to set'],
  ['a second setting', { ProxyJump: 'a\n  ProxyCommand evil' }, 'cannot stand in'],
])('an option of SSH that brings %s is refused', (_, sshOptions, message) => {
  expect(() => sshConfig({ ...target, sshOptions }, files, 'yes')).toThrow(message)
})

test('the key stands under the machine’s name, not under its address', () => {
  const line = knownHostsLine(target)
  expect(line).toBe('web.example.com ssh-ed25519 AAAAC3Nza+/= web\n')
  expect(keyOf(line)).toBe('ssh-ed25519 AAAAC3Nza+/=')
})

test.each([
  ['an address', { targetHost: '192.0.2.7\n  ProxyCommand evil' }],
  ['an address with an option', { targetHost: '192.0.2.7 -oProxyCommand=evil' }],
  ['a user', { sshUser: 'root\nProxyCommand evil' }],
])('%s that could be read as a setting is refused', (_, change) => {
  expect(() => sshConfig({ ...target, ...change }, files, 'yes')).toThrow('cannot stand in')
})

test('a host key of two lines is refused', () => {
  const hostKey = 'ssh-ed25519 AAAA\n* ssh-ed25519 BBBB'
  expect(() => knownHostsLine({ ...target, hostKey })).toThrow('cannot stand in')
})
