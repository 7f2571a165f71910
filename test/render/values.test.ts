import { expect, test } from 'vitest'
import { compile } from '../../src/compile/compile.ts'
import { flakeOf, labFlakes } from './nix.ts'

/** The flake of a cluster `example.com` whose body is given, with files of the repository. */
function flakeOfCluster(
  body: string,
  sources: Readonly<Record<string, string>> = {},
  inputs: Readonly<Record<string, string>> = {},
): ReturnType<typeof flakeOf> {
  const text = `apiVersion: nixcluster/v1
kind: Project
inputs: ${JSON.stringify(Object.fromEntries(Object.entries({ ...labFlakes, ...inputs }).map(([name, url]) => [name, { url }])))}
---
apiVersion: nixcluster/v1
kind: Domain
suffix: com
system: x86_64-linux
stateVersion: "25.11"
---
apiVersion: nixcluster/v1
kind: Cluster
name: example.com
${body}`
  const texts = new Map([['nixcluster.yaml', text]])
  const { inventory, diagnostics } = compile({ texts, paths: new Set(Object.keys(sources)) })
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([])
  return flakeOf(inventory!, { ...sources })
}

test('hosts and texts of files come as values', () => {
  const evaluate = flakeOfCluster(
    `services:
  s:
    roles: { first: [a], second: [b] }
    definition: { path: /s.nix }
    settings: { one: !host b, all: !hosts example.com, text: !read /files/motd }
machines:
  a:
    interfaces: { eth0: { addresses: [10.0.0.1/24] } }
    data: { peer: !host b, rack: 7 }
    config:
      environment.etc.motd.text: !read files/motd
      environment.etc.peer.text: !nix this.data.peer.primaryIp
  b:
    interfaces: { eth0: { addresses: [10.0.0.2/24] } }
    data: { peer: !host a, rack: !nix 4 + 4 }`,
    {
      'files/motd': "one ${x} '' \\\n\n",
      's.nix': `{ settings, ... }: {
        environment.etc.s.text = builtins.toJSON [
          settings.one.fqdn settings.one.data.rack settings.one.roles
          settings.one.data.peer.data.rack
          (map (host: host.hostName) settings.all)
          settings.text
        ];
      }`,
    },
  )
  const found = evaluate(
    'nixosConfigurations.a',
    'machine: with machine.config.environment.etc; [ motd.text peer.text (builtins.fromJSON s.text) ]',
  )
  const motd = "one ${x} '' \\\n"
  expect(found).toEqual([motd, '10.0.0.2', ['b.example.com', 8, ['second'], 7, ['a', 'b'], motd]])
})
