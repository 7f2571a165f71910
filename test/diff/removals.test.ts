import { expect, test } from 'vitest'
import { checkRemovals, removalsToAllow } from '../../src/diff/removals.ts'
import { inventoryOf } from '../compile/fleet.ts'

const machines = (labels: string): string =>
  `machines:\n${labels
    .split(' ')
    .map(
      (label) =>
        `  ${label}: { interfaces: { eth0: { addresses: [10.0.0.${label.slice(2)}/24] } } }\n`,
    )
    .join('')}`

const said = (before: string, after: string, allowed = 0): string[] =>
  checkRemovals(inventoryOf(before), inventoryOf(after), allowed).map(
    ({ code, message }) => `${message} [${code}]`,
  )

test('a third of the machines may go at once, more may not', () => {
  const six = machines('vm1 vm2 vm3 vm4 vm5 vm6')
  expect(said(six, machines('vm1 vm2 vm3 vm4'))).toEqual([])
  expect(said(six, machines('vm1 vm2 vm3'))).toEqual([
    '3 of 6 machines are removed by one change [diff/machines-removed]',
  ])
  expect(said(six, machines('vm1 vm2 vm3'), 3)).toEqual([])
})

test('a selector that shrinks takes a service away from hosts that stay', () => {
  const all = machines('vm1 vm2 vm3')
  const service = (selectors: string): string =>
    `services:\n  s: { selectors: ${selectors} }\n${all}`
  expect(said(service('["vm*"]'), service('[vm1, vm2]'))).toEqual([])
  expect(said(service('["vm*"]'), service('[vm1]'))).toEqual([
    '2 of 3 times a service is taken away from a host that stays [diff/members-removed]',
  ])
  expect(said(service('["vm*"]'), all)).toHaveLength(1)
  expect(said(service('["vm*"]'), service('[vm1]'), 2)).toEqual([])
})

test('so much has to be allowed for a change to be taken, and not less', () => {
  const needed = (before: string, after: string): number =>
    removalsToAllow(inventoryOf(before), inventoryOf(after))
  const six = machines('vm1 vm2 vm3 vm4 vm5 vm6')
  for (const left of ['vm1', 'vm1 vm2', 'vm1 vm2 vm3', 'vm1 vm2 vm3 vm4', 'vm7 vm8']) {
    const after = machines(left)
    const allowed = needed(six, after)
    expect(said(six, after, allowed)).toEqual([])
    if (allowed > 0) expect(said(six, after, allowed - 1)).not.toEqual([])
  }
  expect(needed(six, machines('vm1 vm2'))).toBe(4)
  expect(needed(six, machines('vm1 vm2 vm3 vm4'))).toBe(0)
})

test('a role keeps a member, or is said to lose the last one', () => {
  const role = (roles: string): string =>
    `services:\n  s: { selectors: ["vm*"], roles: { ${roles} } }\n${machines('vm1 vm2 vm3')}`
  expect(said(role('a: [vm1, vm2]'), role('a: [vm2]'))).toEqual([])
  expect(said(role('a: [vm1]'), role('a: [{ select: "x*", optional: true }]'))).toEqual([
    "the role 'a' of s.example.com loses its last member [diff/role-emptied]",
  ])
  expect(said(role('a: [vm1], b: [vm2]'), role('b: [vm2]'))).toHaveLength(1)
})
