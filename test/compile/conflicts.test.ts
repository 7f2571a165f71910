import { expect, test } from 'vitest'
import { problems } from './fleet.ts'

test('values of one level that cannot merge are told with both places', () => {
  const body = `config:
  services.x.port: 80
  services: { x: { port: 443, name: a, lines: "b\\n", same: 1 } }
modules:
  - config: { services.x: { port: 80, name: b, lines: "c\\n", same: 1, port2: 2 } }
  - config: { services.x.port2: true, services.x.list: [1], services.x.made: !nix config.y }
  - config: { services.x.list: [2], services.x.made: 1, services.x.port: !force 1 }`
  expect(problems(body)).toEqual([
    "2:20 error: 'services.x.port' is 80 here and 443 elsewhere: they cannot merge (nixcluster.yaml:11) [compile/conflict]",
    "5:35 error: 'services.x.port' is 80 here and 443 elsewhere: they cannot merge (nixcluster.yaml:11) [compile/conflict]",
    '5:45 warning: \'services.x.name\' is "b" here and "a" elsewhere: most texts cannot merge (nixcluster.yaml:11) [compile/conflict]',
    "6:33 error: 'services.x.port2' is true here and 2 elsewhere: they cannot merge (nixcluster.yaml:13) [compile/conflict]",
  ])
})

test('a host and its services must agree', () => {
  const body = `services:
  s: { selectors: [a, b], definition: { config: { x.n: 1, x.t: text, x.f: 1 } } }
  t: { selectors: [a, c], modules: [{ config: { x.n: 2, x.t: other, x.f: !force 2 } }] }
machines:
  a: { config: { x.f: !force 3 } }
  b: { config: { x.n: 3, x.t: third } }
  c: { config: { x.n: 2 } }`
  expect(problems(body)).toEqual([
    "3:54 error: 'x.n' is 2 here and 1 elsewhere: they cannot merge (nixcluster.yaml:10) [compile/conflict]",
    "5:30 error: 'x.f' is 3 here and 2 elsewhere: they cannot merge (nixcluster.yaml:11) [compile/conflict]",
    "6:23 error: 'x.n' is 3 here and 1 elsewhere: they cannot merge (nixcluster.yaml:10) [compile/conflict]",
  ])
})

test('what a machine is cannot be said otherwise in its options', () => {
  const body = `stateVersion: "25.11"
config: { networking.hostName: b }
machines:
  a: { config: { networking.hostName: b, system.stateVersion: "25.11", networking: { domain: !force x } } }`
  expect(problems(body)).toEqual([
    '4:39 error: \'networking.hostName\' is "a" already, by what the machine is [compile/conflict]',
  ])
})
