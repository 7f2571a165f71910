import { expect, test } from 'vitest'
import { explain } from '../../src/compile/explain.ts'
import { compile } from '../../src/compile/compile.ts'

const texts = {
  'nixcluster.yaml': `apiVersion: nixcluster/v1
kind: Domain
suffix: com
system: x86_64-linux
deployment: { sshUser: deploy, port: 2222 }
config: { time.timeZone: UTC }
clusters:
  example:
    stateVersion: "25.11"
    services:
      store: { selectors: [vm*], roles: { first: [vm0] } }
    machines:
      vm0:
        system: aarch64-linux
        deployment: { port: 22 }
        interfaces: { eth0: { addresses: [10.0.0.1/24] } }
        config: { time.timeZone: Europe/Berlin }
        virtualHosts:
          web: { type: nixos-container, config: { services.nginx.enable: true } }
`,
}

function rows(name: string): string[] {
  const source = { texts: new Map(Object.entries(texts)), paths: new Set(Object.keys(texts)) }
  const { inventory, locate } = compile(source)
  const [explanation] = explain(source, inventory!, [name])
  return explanation!.settings.map(
    ({ setting, from, value, at }) =>
      `${setting} | ${from} | ${value} | ${at ? locate(at).line : '-'}`,
  )
}

test('each setting of a machine comes from the nearest level, what is NixOS’ from all', () => {
  expect(rows('vm0.example.com')).toEqual([
    'system | machine | aarch64-linux | 14',
    'stateVersion | cluster | "25.11" | 9',
    'deployment.port | machine | 22 | 15',
    'deployment.sshUser | domain | deploy | 5',
    'deployment.targetHost | default | 10.0.0.1 | -',
    'interfaces.eth0 | machine | { addresses: [10.0.0.1/24] } | 16',
    'services | store | vm*, role first | 11',
    'config.time.timeZone | domain | UTC | 6',
    'config.time.timeZone | machine | Europe/Berlin | 17',
  ])
})

test('a virtual host has nothing of its machine’s modules and options', () => {
  const own = rows('web.vm0.example.com')
  expect(own).toContain('config.services.nginx.enable | vhost | true | 19')
  expect(own.join('\n')).not.toContain('Europe/Berlin')
})

test('a service shows what each of its selectors gives', () => {
  expect(rows('store.example.com').slice(0, 2)).toEqual([
    'selectors | service | vm* → vm0 | 11',
    'roles.first | role | vm0 → vm0 | 11',
  ])
})
