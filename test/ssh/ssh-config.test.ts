import { expect, test } from 'vitest'
import { keyOf, knownHostsLine, sshConfig } from '../../src/ssh/ssh-config.ts'

const target = {
  name: 'web.example.com',
  targetHost: '2001:db8::7',
  port: 2222,
  sshUser: 'root',
  user: 'root',
  hostKey: 'ssh-ed25519 AAAAC3Nza+/= web',
  magicRollback: true,
  autoRollback: true,
  confirmTimeout: 30,
  activationTimeout: 240,
}
const files = { identity: '/keys/id', knownHosts: '/state/known' }

test('one machine, strict about its key, never asking', () => {
  const lines = sshConfig(target, files, 'yes').split('\n')
  expect(lines[0]).toBe('Host *')
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
