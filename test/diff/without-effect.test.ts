import { expect, test } from 'vitest'
import { withoutEffect } from '../../src/diff/without-effect.ts'
import { cluster, compileTexts } from '../compile/fleet.ts'

const store = '/nix/store/0123456789abcdfghijklmnpqrsvwxyz-source'

test('a value without effect is one warning, at its place, with the machines and what beats it', () => {
  const body = `config: { time: { timeZone: UTC } }
modules: [{ config: { networking.firewall.enable: true } }]
users: { admin: { uid: 1 } }
machines: { a: { config: { i18n.defaultLocale: C } }, b: , c: , d: }`
  const compilation = compileTexts({ 'nixcluster.yaml': cluster(body) })
  const of = (name: string, option: string, by: string) => ({
    name,
    option: option.split('.'),
    by: [`${store}/${by}`],
  })
  const shared = [
    of('example.com', 'time.timeZone', 'zone.nix'),
    of('example.com', 'users.users.admin.uid', 'users.nix'),
  ]
  const warnings = withoutEffect(
    compilation.inventory!,
    new Map([
      ['a.example.com', [...shared, of('a.example.com', 'i18n.defaultLocale', 'a.nix')]],
      ['b.example.com', [...shared, of('example.com', 'networking.firewall.enable', 'b.nix')]],
      ['c.example.com', shared.slice(0, 1)],
      ['d.example.com', shared.slice(0, 1)],
    ]),
  )
  const heads = cluster('').split('\n').length - 1
  expect(
    warnings.map(({ message, at }) => {
      const { line, column } = compilation.locate(at!)
      return `${line - heads}:${column} ${message}`
    }),
  ).toEqual([
    "1:11 'time.timeZone' of example.com has no effect on a.example.com, b.example.com, c.example.com and 1 more: zone.nix says it more strongly",
    "3:10 'users.users.admin.uid' of example.com has no effect on a.example.com, b.example.com: users.nix says it more strongly",
    "4:48 'i18n.defaultLocale' of a.example.com has no effect: a.nix says it more strongly",
    "2:51 'networking.firewall.enable' of example.com has no effect on b.example.com: b.nix says it more strongly",
  ])
})
