import { expect, test } from 'vitest'
import { fleetOf } from '../../src/jobs/tick.ts'
import { inventoryOf } from '../compile/fleet.ts'

test('a machine has the roles of its virtual hosts, which are deployed with it', () => {
  const inventory =
    inventoryOf(`services: { s: { roles: { a: [vm0, web.vm1], b: [web.vm1, db.vm1] } } }
machines:
  vm0: {}
  vm1: { virtualHosts: { web: { type: nixos-container }, db: { type: nixos-container } } }
`)
  expect(fleetOf(inventory)).toEqual([
    { name: 'vm0.example.com', cluster: 'example.com', roles: ['a.s.example.com'] },
    {
      name: 'vm1.example.com',
      cluster: 'example.com',
      roles: ['a.s.example.com', 'b.s.example.com'],
    },
  ])
})
