import { expect, test } from 'vitest'
import { resolve } from '../../src/selectors/resolve.ts'
import { inventoryOf, vms } from '../compile/fleet.ts'

const inventory = inventoryOf(`services:
  vault:
    selectors: [vm0, vm1]
    roles: { api: [vm0], storage: [vm1, vm0] }
${vms}`)

test('a role becomes elements, hosts, addresses and the three maps', () => {
  expect(resolve('api.vault', inventory)).toEqual({
    elements: [{ kind: 'role', name: 'api.vault.example.com' }],
    hosts: ['vm0.example.com'],
    ips: ['10.0.0.1', 'fd00::1'],
    primaryIps: ['10.0.0.1', 'fd00::1'],
    hostNames: ['vm0'],
    ipToNames: {
      '10.0.0.1': [
        'vm0.example.com',
        'eno1.vm0.example.com',
        'vault.example.com',
        'vm0.vault.example.com',
        'api.vault.example.com',
        'storage.vault.example.com',
      ],
      'fd00::1': [
        'vm0.example.com',
        'eno1.vm0.example.com',
        'vault.example.com',
        'vm0.vault.example.com',
        'api.vault.example.com',
        'storage.vault.example.com',
      ],
    },
    nameToIps: {
      'vm0.example.com': ['10.0.0.1', 'fd00::1'],
      'eno1.vm0.example.com': ['10.0.0.1', 'fd00::1'],
      'vault.example.com': ['10.0.0.1', 'fd00::1'],
      'vm0.vault.example.com': ['10.0.0.1', 'fd00::1'],
      'api.vault.example.com': ['10.0.0.1', 'fd00::1'],
      'storage.vault.example.com': ['10.0.0.1', 'fd00::1'],
    },
    nameToConfigs: {
      'vm0.example.com': ['vm0.example.com'],
      'eno1.vm0.example.com': ['vm0.example.com'],
      'vault.example.com': ['vm0.example.com'],
      'vm0.vault.example.com': ['vm0.example.com'],
      'api.vault.example.com': ['vm0.example.com'],
      'storage.vault.example.com': ['vm0.example.com'],
    },
    complaints: [],
  })
})

test('what an element means depends on where it is read, and a list keeps its order', () => {
  expect(resolve('storage', inventory, 'vault.example.com').hosts).toEqual([
    'vm1.example.com',
    'vm0.example.com',
  ])
  expect(resolve(['vm2', 'vm*', '-vm0'], inventory).hostNames).toEqual(['vm2', 'vm1', 'vm3'])
})

test('every name leads to addresses that lead back to it', () => {
  const { nameToIps, ipToNames } = resolve('com', inventory)
  for (const [name, ips] of Object.entries(nameToIps))
    for (const ip of ips) expect(ipToNames[ip]).toContain(name)
  for (const [ip, names] of Object.entries(ipToNames))
    for (const name of names) expect(nameToIps[name]).toContain(ip)
})

test('what is not there is a complaint, not an exception', () => {
  const messages = (...args: Parameters<typeof resolve>) =>
    resolve(...args).complaints.map(({ message }) => message)
  expect(messages('vm9', inventory)).toEqual([
    "no host or service is called 'vm9' here; example.com has vm0 to vm3",
  ])
  expect(messages('vm0', inventory, 'nowhere')).toEqual(["nothing is called 'nowhere'"])
  expect(messages('', inventory)).toEqual(['a selector is empty'])
})
