import { expect, test } from 'vitest'
import { selectMachines } from '../../src/jobs/select-machines.ts'
import { inventoryOf } from '../compile/fleet.ts'

const inventory = inventoryOf(`services: { s: { selectors: ["tag:rack-a"] } }
machines:
  vm0: { tags: [rack-a] }
  vm1: { tags: [rack-a], virtualHosts: { web: { type: nixos-container } } }
  vm2: {}
`)
const machines = (selector: string) =>
  selectMachines(selector, inventory).machines.map((name) => name.split('.')[0])

test.each([
  ['vm1', ['vm1']],
  ['VM1.example.com', ['vm1']],
  ['vm*', ['vm0', 'vm1', 'vm2']],
  ['tag:rack-a', ['vm0', 'vm1']],
  ['service:s', ['vm0', 'vm1']],
  ['example.com', ['vm0', 'vm1', 'vm2']],
  ['**', ['vm0', 'vm1', 'vm2']],
  ['web.vm1', ['vm1']],
])('%s means machines, a virtual host its own', (selector, wanted) =>
  expect(machines(selector)).toEqual(wanted),
)

test.each([
  ['vm7', "no host or service is called 'vm7' here"],
  ['tag:rack-b', 'known tags: rack-a'],
  ['vm0,vm1', 'is no name'],
  ['rack:vm0', "'rack:' is no kind of element"],
  ['-vm0', 'leave no host'],
])('%s means nothing, and why', (selector, why) => {
  expect(selectMachines(selector, inventory)).toEqual({
    ...{ machines: [], problem: expect.stringContaining(why) },
  })
})
