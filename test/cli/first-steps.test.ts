import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { linked } from '../../scripts/cache.ts'
import { nixEnvironment } from '../../scripts/nix.ts'
import { labFlakes, runNix } from '../render/nix.ts'

const program = resolve('bin/nixcluster')
const environment = await nixEnvironment()

test('the first steps of the README lead to machines that Nix evaluates', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-first-steps-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const fleet = join(folder, 'fleet')
  mkdirSync(fleet)
  const run = (...words: string[]): string =>
    execFileSync(program, [...words, '--dir', fleet], { env: noNix(folder), encoding: 'utf8' })
  expect(run('init')).toContain('then: nixcluster update')
  expect(run('validate')).toMatch(/^flake.lock:1:1 warning: [^]*\n1 warning in 2 files, 2 machines/)
  expect(run('resolve', 'dns')).toContain('vm1.example.internal   192.0.2.11   eth0')
  expect(run('graph')).toContain('["vm1"]')

  // Where there is no network, the inputs are the lab's.
  const project = join(fleet, 'nixcluster.yaml')
  writeFileSync(
    project,
    readFileSync(project, 'utf8').replace(
      / {2}nixpkgs: .*/,
      `  nixpkgs: { url: "${labFlakes.nixpkgs}" }\n  deploy-rs: { url: "${labFlakes['deploy-rs']}" }`,
    ),
  )
  const withNix = {
    ...noNix(folder),
    ...environment,
    PATH: `${resolve(linked('nix')!, '..')}:/usr/bin:/bin`,
  }
  const update = execFileSync(program, ['update', '--dir', fleet], {
    env: withNix,
    encoding: 'utf8',
  })
  expect(update).toContain('flake.lock is written; commit it')
  expect(run('validate')).toMatch(/^No problems in 2 files/)

  const out = join(folder, 'rendered')
  expect(run('render', '--out', out)).toMatch(/^\d+ files written to .*, \d+ of them generated\n$/)
  expect(existsSync(join(out, 'modules/base.nix'))).toBe(true)
  const facts = `{ config, ... }: {
    ssh = config.services.openssh.enable;
    names = config.networking.hosts."192.0.2.11";
  }`
  const machine = `path:${out}#nixosConfigurations.vm0`
  const evaluated = runNix('eval', '--json', '--no-write-lock-file', machine, '--apply', facts)
  expect(JSON.parse(evaluated)).toEqual({
    ssh: true,
    names: expect.arrayContaining(['vm1.example.internal', 'vm1']),
  })
})

/** As on a machine without Nix; the launcher finds the Node that stands beside it. */
const noNix = (home: string) => ({ PATH: join(home, 'no-programs'), HOME: home })
