import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Machine } from '../../src/model/inventory.ts'
import { ansibleInventory } from '../../src/report/ansible-inventory.ts'
import { hostsFile } from '../../src/report/hosts-file.ts'
import { knownHosts } from '../../src/report/known-hosts.ts'
import { prometheusTargets } from '../../src/report/prometheus-targets.ts'
import { resolve } from '../../src/selectors/resolve.ts'
import { inventoryOf } from '../compile/fleet.ts'

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMHQSuFhqVAHeDAp7dZaBLtLd2M6XkkDWpwuzJDqjHrW'
const inventory = inventoryOf(`services:
  store: { roles: { member: [vm0, vm1] } }
machines:
  vm0:
    tags: [rack-a]
    interfaces: { eth0: { addresses: [10.0.0.1/24, "fd00::1/64"] } }
    deployment: { hostKey: ${key} me@home, port: 2222, sshUser: deploy }
  vm1: { interfaces: { eth0: { addresses: [10.0.0.2/24] } }, deployment: { hostKey: ${key} } }
`)
const machines = inventory.machines as readonly Machine[]

test('lines for /etc/hosts begin with the name that an address is called back', () => {
  const lines = hostsFile(resolve('store', inventory, 'example.com')).split('\n')
  expect(lines[0]).toMatch(/^10\.0\.0\.1 +vm0\.example\.com vm0 eth0\.vm0\.example\.com /)
  expect(lines.find((line) => line.startsWith('10.0.0.2'))).toMatch(
    /^10\.0\.0\.2 +vm1\.example\.com vm1 .*member\.store\.example\.com/,
  )
})

test('ssh finds a machine in known_hosts by its names and addresses, at its port', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-known-hosts-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'known_hosts')
  writeFileSync(file, knownHosts(machines))
  const find = (name: string): string =>
    execFileSync('ssh-keygen', ['-f', file, '-F', name], { encoding: 'utf8' })
  for (const name of ['[vm0.example.com]:2222', '[fd00::1]:2222', 'vm1', '10.0.0.2'])
    expect(find(name)).toContain(key)
  expect(() => find('vm0.example.com')).toThrow()
})

test('an inventory for Ansible says how to reach hosts, and groups them by all that they are in', () => {
  const { all } = ansibleInventory(machines, inventory)
  expect(all.hosts['vm0.example.com']).toEqual({
    ansible_host: '10.0.0.1',
    ansible_port: 2222,
    ansible_user: 'deploy',
  })
  expect(Object.keys(all.children).sort()).toEqual([
    'com',
    'example_com',
    'member_store_example_com',
    'store_example_com',
    'tag_rack_a',
  ])
  expect(all.children['tag_rack_a']).toEqual({ hosts: { 'vm0.example.com': {} } })
})

test('targets for Prometheus have the port that was asked for, and where they belong as labels', () => {
  expect(prometheusTargets(machines, inventory, 9100)[0]).toEqual({
    targets: ['10.0.0.1:9100'],
    labels: {
      host: 'vm0.example.com',
      cluster: 'example.com',
      domain: 'com',
      __meta_nixcluster_tags: ',rack-a,',
      __meta_nixcluster_services: ',store.example.com,',
      __meta_nixcluster_roles: ',member.store.example.com,',
    },
  })
})
