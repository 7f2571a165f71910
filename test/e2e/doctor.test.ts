import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest'
import type { Examined } from '../../src/model/finding.ts'
import { startSite, type Site } from './site.ts'

// A real site with its controller; each test breaks more of it.

let site: Site

beforeAll(async () => {
  site = await startSite()
  await writeFile(join(site.fleet.remote, 'hooks/pre-receive'), '#!/bin/sh\n', { mode: 0o755 })
  await site.push('A fleet of three')
}, 120_000)
afterAll(() => site?.stop(), 60_000)

/** What is found, by id. */
async function find(): Promise<ReadonlyMap<string, Examined>> {
  const config = join(site.lab.folder, 'settings/controller.yaml')
  const { output } = await site.fleet.nixcluster('doctor', '--config', config, '--output', 'json')
  onTestFailed(() => console.error(output))
  const findings = JSON.parse(output) as readonly Examined[]
  return new Map(findings.map((finding) => [finding.id, finding]))
}

const machines = 'machines-of-fleet'

test('a site in order: every check is fine, and its machines are told of', async () => {
  const all = await find()
  const notFine = [...all.values()].filter(({ state }) => state !== 'fine').map(({ id }) => id)
  // The Nix of the tests has none.
  expect(notFine.filter((id) => id !== 'nix/sandbox')).toEqual([])
  expect(all.get('settings/address')?.found).toContain('a controller answers there')
  expect(all.get('repository-fleet/branch')?.found).toMatch(/^main \w{7}, 3 machines$/)
  expect(all.get('repository-fleet/nixcluster-state')?.found).toContain('a commit of ours')
  for (const name of ['web1', 'web2', 'db1']) {
    const { address } = site.lab.machines[name]!
    expect(all.get(`${machines}/${name}`)?.found).toMatch(
      new RegExp(`^root@${address}, Nix 2\\.[\\d.]+, [\\d.]+ GiB free, running$`),
    )
  }
}, 60_000)

test('a machine that is off, another key, a failed unit, a lease of others, a system that nobody builds for', async () => {
  const { web1, db1 } = site.lab.machines
  await db1!.run(`
    systemd-run --quiet --unit=broken.service /bin/false; sleep 1
    mkdir -p /nix/var/nixcluster
    printf 'ledger=another\\nowner=elsewhere:7\\n' >/nix/var/nixcluster/lease`)
  await site.fleet.edit('clusters/demo.yaml', site.lab.machines['web2']!.hostKey, db1!.hostKey)
  await site.fleet.edit(
    'clusters/demo.yaml',
    '      db1:\n',
    '      db1:\n        system: riscv64-linux\n',
  )
  await site.push('Break it')
  await web1!.cut()
  const all = await find()
  await web1!.mend()
  const told = (name: string): string => {
    const { state, found, advice } = all.get(name) ?? {}
    return `${state} ${found} → ${advice}`
  }
  expect(told(`${machines}/web1`)).toMatch(/^wrong .* → is it on, and is 10\.\S+ port 22, right/)
  expect(told(`${machines}/web2`)).toMatch(/^wrong .* another host key .* → was it installed anew/)
  expect(told(`${machines}/db1-system`)).toMatch(
    /^wrong it is x86_64, and is configured as riscv64/,
  )
  expect(told(`${machines}/db1-systemd`)).toMatch(/^warning systemd is degraded: broken\.service/)
  expect(told(`${machines}/db1-lease`)).toMatch(/^wrong another controller .* \(elsewhere:7\)/)
  expect(told('builders/riscv64-linux')).toMatch(
    /^wrong nothing builds for it: .* → name a machine/,
  )
}, 90_000)

test('a user who does not become root, and one whom nobody lets in', async () => {
  const { db1, web2 } = site.lab.machines
  const authorized = `for user in deploy nobody2; do
      useradd --create-home --password '*' $user && mkdir -p /home/$user/.ssh
    done
    cp /root/.ssh/authorized_keys /home/deploy/.ssh/
    chown -R deploy: /home/deploy/.ssh`
  await Promise.all([db1!.run(authorized), web2!.run(authorized)])
  await site.fleet.edit('clusters/demo.yaml', db1!.hostKey, web2!.hostKey)
  await site.fleet.edit(
    'clusters/demo.yaml',
    /(\n {6}db1:\n(?:.*\n)*? {8}deployment: \{ )/,
    '$1sshUser: deploy, ',
  )
  await site.fleet.edit(
    'clusters/demo.yaml',
    /(\n {6}web2:\n(?:.*\n)*? {8}deployment: \{ )/,
    '$1sshUser: nobody2, ',
  )
  await site.push('Other users')
  const all = await find()
  expect(all.get(`${machines}/db1-sudo`)?.found).toContain('deploy cannot become root')
  expect(all.get(`${machines}/web2`)).toMatchObject({
    found: expect.stringContaining('refuses the key'),
    advice: expect.stringContaining("nobody2's authorized keys"),
  })
}, 60_000)
