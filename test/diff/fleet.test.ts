import { expect, test } from 'vitest'
import { diffFleet } from '../../src/diff/fleet.ts'
import { cluster, compileTexts } from '../compile/fleet.ts'

const sideOf = (body: string) => {
  const { inventory, rendered } = compileTexts({ 'nixcluster.yaml': cluster(body) }, [
    'services/s.nix',
  ])
  return { inventory: inventory!, rendered: rendered! }
}

const fleet = (vm2 = '[10.0.0.2/24]', more = ''): string => `services:
  s: { selectors: [vm1, vm2], definition: { path: /services/s.nix } }
machines:
  vm1: { interfaces: { eth0: { addresses: [10.0.0.1/24] } } }
  vm2: { interfaces: { eth0: { addresses: ${vm2} } } }
  vm3: { interfaces: { eth0: { addresses: [10.0.0.3/24] } } }
${more}`

function lines(before: string, after: string, files: readonly string[] = []): string[] {
  const { machines, unaffected } = diffFleet(
    sideOf(before),
    sideOf(after),
    new Set(files),
    new Set(),
  )
  return [
    ...machines.map(
      ({ name, change, reasons }) =>
        `${name} ${change}: ${reasons.map(({ text }) => text).join('; ')}`,
    ),
    `stay: ${unaffected.join(' ')}`,
  ]
}

test('nothing changes where nothing changed', () => {
  expect(lines(fleet(), fleet())).toEqual(['stay: vm1.example.com vm2.example.com vm3.example.com'])
})

test('who shares a service with a machine that changes may change too', () => {
  expect(lines(fleet(), fleet('[10.0.0.22/24]'))).toEqual([
    'vm1.example.com changed: service s sees changes of vm2',
    'vm2.example.com changed: interfaces of vm2 change; deployment.targetHost of vm2 changes; service s sees changes of vm2',
    'stay: vm3.example.com',
  ])
})

test('machines come and go for one reason: that they do', () => {
  const vm4 = '  vm4: { interfaces: { eth0: { addresses: [10.0.0.4/24] } } }\n'
  expect(lines(fleet(), fleet(undefined, vm4))).toContain('vm4.example.com added: vm4 is new')
  expect(lines(fleet(undefined, vm4), fleet())).toContain('vm4.example.com removed: vm4 is removed')
})

test('a changed file concerns the hosts of what is defined by it', () => {
  expect(lines(fleet(), fleet(), ['services/s.nix'])).toEqual([
    'vm1.example.com changed: services/s.nix changes',
    'vm2.example.com changed: services/s.nix changes',
    'stay: vm3.example.com',
  ])
})
