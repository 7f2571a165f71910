import { expect, test } from 'vitest'
import { packageName, packageVersions } from '../../src/nix/package-name.ts'

const path = (name: string): string => `/nix/store/${'0'.repeat(32)}-${name}`

test.each([
  ['vault-1.17.2', 'vault', '1.17.2'],
  ['glibc-2.40-66-bin', 'glibc', '2.40-66'],
  ['python3.12-yaml-6.0.1', 'python3.12-yaml', '6.0.1'],
  ['linux-6.12.41-modules', 'linux', '6.12.41-modules'],
])('%s is %s in version %s', (name, expected, version) => {
  expect(packageName(path(name))).toEqual({ name: expected, version })
})

test.each([
  'system-path',
  'unit-vault.service',
  'nixos-system-vm0-25.11',
  'initrd-linux-6.12.41',
  'etc-hosts',
  'a-1.0.drv',
])('%s is a part of a system and no package', (name) =>
  expect(packageName(path(name))).toBeUndefined(),
)

test('a package may be there in several versions and outputs', () => {
  const paths = ['openssl-3.0.1-bin', 'openssl-3.0.1', 'openssl-1.1.1', 'bash-5.2'].map(path)
  expect(packageVersions(paths)).toEqual({ bash: ['5.2'], openssl: ['1.1.1', '3.0.1'] })
})
