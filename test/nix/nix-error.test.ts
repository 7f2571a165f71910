import { expect, test } from 'vitest'
import { CommandError } from '../../src/model/errors.ts'
import { evaluationError } from '../../src/nix/nix-error.ts'
import { compileTexts } from '../compile/fleet.ts'
import { folderOf, runNix } from '../render/nix.ts'
import { configOf, demo, project } from '../render/yaml-fleet.ts'

/** What is said of a fleet of one machine that evaluates without end. */
function messageOf(definition: string): string {
  const sources = { 'services/web.nix': definition }
  const service = `
    services:
      web:
        selectors: [vm0]
        definition: { path: /services/web.nix }
        settings: { on: !nix config.networking.useNetworkd }
    machines: { vm0: }
`
  const { rendered } = compileTexts({ 'nixcluster.yaml': project + demo(service), ...sources })
  const folder = folderOf([...Object.entries(sources), ...rendered!.files])
  runNix('flake', 'lock', `path:${folder}`)
  const [attribute, apply] = configOf('vm0', 'networking.useNetworkd')
  try {
    runNix('eval', '--show-trace', '--json', `path:${folder}#${attribute}`, '--apply', apply)
  } catch (error) {
    const { stderr } = error as { stderr: string }
    const tree = /\/nix\/store\/[a-z0-9]{32}-source(?=\/nixcluster)/.exec(stderr)![0]
    return evaluationError(new CommandError('', { command: 'nix', exitCode: 1, stderr }), tree)
  }
  return ''
}

test.each([
  ['{ settings, ... }: { imports = if settings.on then [ ] else [ { } ]; }', '1:32'],
  ['{ settings, ... }: { config, ... }: if settings.on then { } else { users.motd = ""; }', '1:37'],
])('names the value that decides which modules there are: %s', (definition, place) => {
  const lines = messageOf(definition).split('\n')
  expect(lines[0]).toBe(
    `infinite recursion encountered: 'on' of the service web.demo.lab is a !nix value of \`config\` that decides what is imported or which options are set, at services/web.nix:${place}`,
  )
  expect(lines[1]).toContain('decide with lib.mkIf')
})

test('names the option that depends on itself', () => {
  const message = messageOf(
    '{ lib, settings, ... }: lib.mkIf settings.on { networking.useNetworkd = true; }',
  )
  expect(message).toContain("an option's value depends on itself")
  expect(message).toContain('while evaluating the option `networking.useNetworkd')
})

test('says nothing of what is used in the value of another option', () => {
  expect(messageOf('{ settings, ... }: { networking.enableIPv6 = settings.on; }')).toBe('')
})

test('a password in an address that Nix names is told to nobody', () => {
  const stderr =
    "error: unable to download 'https://me:hunter2@cache.example.com/x': HTTP error 401"
  const error = new CommandError('', { command: 'nix', exitCode: 1, stderr })
  expect(evaluationError(error, '/tree')).toBe(
    "unable to download 'https://me:[secret]@cache.example.com/x': HTTP error 401",
  )
})
