import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { linked } from '../../scripts/cache.ts'
import { nixEnvironment } from '../../scripts/nix.ts'
import { createGit } from '../../src/git/git.ts'
import { createNix } from '../../src/nix/nix.ts'
import type { ControllerNix } from '../../src/nix/nix.ts'

let folder: string
let env: Record<string, string>
let nix: ControllerNix
let mirror: string
let git: ReturnType<typeof createGit>
const program = linked('nix')!
/** Nothing of an earlier run may be in the store. */
const nonce = `${process.pid}-${performance.timeOrigin}`

beforeAll(async () => {
  env = { PATH: `${dirname(program)}:${process.env['PATH']!}`, ...(await nixEnvironment()) }
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nixcluster-nix-'))
  nix = createNix({ nix: program, env, stateDir: join(folder, 'our state') })
  const remote = join(folder, 'remote')
  mirror = join(folder, 'mirror')
  execFileSync('git', ['init', '-q', '--bare', remote])
  git = createGit({ url: remote, mirror, env: { PATH: env['PATH']! } })
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Machines whose system is made by a shell script, with the outputs of a generated flake. */
const flake = (machines: Record<string, string>): string => `{
  outputs = { self }:
    let
      make = name: script: derivation {
        inherit name;
        system = builtins.currentSystem or "${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux";
        builder = "/bin/sh";
        args = [ "-euc" "PATH=/bin:/usr/bin; \${script}" ];
        nonce = "${nonce}";
      };
      machines = {
        ${Object.entries(machines)
          .map(([name, expression]) => `${name} = ${expression};`)
          .join('\n        ')}
      };
    in
    {
      nixosConfigurations = builtins.mapAttrs (_: system: {
        config.system.build.toplevel = system;
      }) machines;
      deploy.nodes = builtins.mapAttrs (name: system: {
        profiles.system.path = make "activatable-\${name}" "ln -s \${system} $out";
      }) machines;
    };
}
`

const commit = (files: Record<string, string>, parents: readonly string[] = []) =>
  git.writeCommit({
    parents,
    kept: [],
    files: new Map(Object.entries(files)),
    message: 'generated',
  })

const systemOf = async (id: string, machine = 'vm0') => {
  const evaluation = (await nix.evaluate(mirror, id, [machine])).get(machine)
  if (evaluation?.kind !== 'system') throw new Error(evaluation?.message)
  return evaluation
}

test('evaluates all machines of a commit that no branch holds', async () => {
  const id = await commit({
    'flake.nix': flake({ vm0: 'make "vm0" "echo 0 > $out"', vm1: 'make "vm1" "echo 1 > $out"' }),
  })
  const evaluations = await nix.evaluate(mirror, id, ['vm0', 'vm1'])
  for (const name of ['vm0', 'vm1']) {
    const evaluation = evaluations.get(name)
    if (evaluation?.kind !== 'system') throw new Error(evaluation?.message)
    expect(evaluation.path).toMatch(new RegExp(`^/nix/store/.{32}-activatable-${name}$`))
    expect(evaluation.system).toMatch(new RegExp(`^/nix/store/.{32}-${name}$`))
    expect(existsSync(evaluation.drv)).toBe(true)
  }
})

test('gives exactly the system that `nix build git+…?rev=…` gives', async () => {
  // Its own path, its revision and its number of commits are all in what it builds.
  const text = `"\${self} \${self.rev} \${toString self.revCount} \${toString self.lastModified}"`
  const files = {
    'flake.nix': flake({ vm0: `make "vm0" "echo \${builtins.toJSON ${text}} > $out"` }),
  }
  const id = await commit(files, [await commit({ 'flake.nix': '{ }' })])
  await git.push('nixcluster/main', id, undefined)
  const { path, system } = await systemOf(id)
  const reference = `git+file://${join(folder, 'remote')}?ref=nixcluster/main&rev=${id}`
  const built = execFileSync(
    program,
    [
      ...['build', '--no-link', '--print-out-paths'],
      ...['--extra-experimental-features', 'nix-command flakes'],
      `${reference}#deploy.nodes.vm0.profiles.system.path`,
    ],
    { env: { ...env, HOME: folder }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  ).trim()
  expect(path).toBe(built)
  expect(readFileSync(system, 'utf8')).toMatch(new RegExp(`-source ${id} 2 \\d+`))
})

test('an error is its machine’s own, with place, and the others are evaluated', async () => {
  const id = await commit({
    'flake.nix': flake({
      vm0: 'make "vm0" ""',
      vm1: 'import ./machines/vm1.nix',
      vm2: 'make "vm2" ""',
      vm3: 'import ./machines/vm3.nix { }',
      vm4: 'make "vm4" ""',
    }),
    'machines/vm1.nix': '{\n  services.vault.enabel = tru;\n}\n',
    'machines/vm3.nix': '{ disk ? throw "no disk is given for vm3" }:\n"${disk}"\n',
  })
  const names = ['vm0', 'vm1', 'vm2', 'vm3', 'vm4', 'vm5']
  const evaluations = await nix.evaluate(mirror, id, names)
  const kinds = names.map((name) => evaluations.get(name)!.kind)
  expect(kinds).toEqual(['system', 'failed', 'system', 'failed', 'system', 'failed'])
  const messages = names.map((name) => {
    const evaluation = evaluations.get(name)!
    return evaluation.kind === 'failed' ? evaluation.message : ''
  })
  expect(messages[1]).toContain("undefined variable 'tru'\nat machines/vm1.nix:2:27:")
  expect(messages[3]).toMatch(/^no disk is given for vm3\n.* at machines\/vm3\.nix:1:/)
  expect(messages[5]).toMatch(/^attribute 'vm5' missing\nDid you mean one of vm0, /)
})

test('an error of the flake as a whole is said of each machine', async () => {
  const id = await commit({ 'flake.nix': '{ outputs = { self }: { deploy.nodes = nodse; }; }' })
  const evaluations = await nix.evaluate(mirror, id, ['vm0', 'vm1', 'vm2'])
  expect([...evaluations.values()].map(({ kind }) => kind)).toEqual(['failed', 'failed', 'failed'])
  expect(evaluations.get('vm2')).toMatchObject({
    message: expect.stringContaining("undefined variable 'nodse'") as string,
  })
})

test('refuses what is not pure, what is not locked, and imports from derivations', async () => {
  const id = await commit({
    'flake.nix': flake({
      home: 'make "home" (builtins.readFile "/etc/hostname")',
      built: 'make "built" (import (make "made" "echo 1 > $out"))',
    }),
  })
  const evaluations = await nix.evaluate(mirror, id, ['home', 'built'])
  expect(evaluations.get('home')).toMatchObject({
    message: expect.stringContaining('pure') as string,
  })
  expect(evaluations.get('built')).toMatchObject({
    message: expect.stringContaining('import-from-derivation') as string,
  })
  const unlocked = await commit({
    'flake.nix': `{ inputs.other.url = "path:${folder}"; outputs = { self, other }: { }; }`,
  })
  expect((await nix.evaluate(mirror, unlocked, ['vm0'])).get('vm0')).toMatchObject({
    message: expect.stringContaining('lock') as string,
  })
})

test('builds, roots what it built and its derivation, and lets go what is no longer wanted', async () => {
  const id = await commit({ 'flake.nix': flake({ vm0: 'make "vm0" "echo built > $out"' }) })
  const system = await systemOf(id)
  expect(await nix.has([system.drv])).toBe(true)
  expect(await nix.has([system.drv, system.path])).toBe(false)
  expect(await nix.build([system], 'org/fleet')).toEqual(new Map())
  expect(await nix.has([system.drv, system.path, system.system])).toBe(true)

  const roots = (path: string): string =>
    execFileSync('nix-store', ['--query', '--roots', path], { env, encoding: 'utf8' })
  expect(roots(system.path)).toContain(join(folder, 'our state/gcroots/org-fleet'))
  expect(roots(system.drv)).toContain(join(folder, 'our state/gcroots/org-fleet'))
  await nix.prune('org/fleet', [system.path])
  expect(
    readdirSync(join(folder, 'our state/gcroots/org-fleet'), { recursive: true }),
  ).toHaveLength(2)
  await nix.prune('org/fleet', [])
  expect(readdirSync(join(folder, 'our state/gcroots/org-fleet'))).toEqual([])
})

test('a build that fails is told with its log, and the others are built and rooted', async () => {
  const id = await commit({
    'flake.nix': flake({
      vm0: 'make "vm0" "echo good > $out"',
      vm1: 'make "vm1" "echo compiling; echo no space left >&2; exit 3"',
    }),
  })
  const systems = await Promise.all(['vm0', 'vm1'].map((name) => systemOf(id, name)))
  const unbuilt = await nix.build(systems, 'fleet')
  expect([...unbuilt.keys()]).toEqual([systems[1]!.drv])
  expect(unbuilt.get(systems[1]!.drv)).toEqual({
    kind: 'failed',
    message: expect.stringMatching(/exit code 3[^]*no space left/) as string,
  })
  expect(await nix.has([systems[0]!.path])).toBe(true)
  expect(readdirSync(join(folder, 'our state/gcroots/fleet'), { recursive: true })).toHaveLength(3)
})

test('a build that is stopped by its limit leaves no process, and keeps what was built and why not', async () => {
  const pids = join(folder, 'pids')
  const id = await commit({
    'flake.nix': flake({
      good: 'make "good" "echo good > $out"',
      bad: 'make "bad" "exit 3"',
      slow: `make "slow" "echo $$ >> ${pids}; sleep 10000 & echo $! >> ${pids}; wait; cat \${make "good" "echo good > $out"}"`,
    }),
  })
  const systems = await Promise.all(['good', 'bad', 'slow'].map((name) => systemOf(id, name)))
  const [good, bad, slow] = systems
  const parallel = createNix({
    ...{ nix: program, stateDir: join(folder, 'our state') },
    env: { ...env, NIX_CONFIG: 'max-jobs = 3' },
  })
  const unbuilt = await parallel.build(systems, 'fleet', 5000)
  expect(unbuilt).toEqual(
    new Map([
      [
        bad!.drv,
        { kind: 'failed', message: expect.stringContaining('failed with exit code 3') as string },
      ],
      [slow!.drv, { kind: 'unfinished' }],
    ]),
  )
  expect(await nix.has([good!.path, slow!.drv])).toBe(true)
  const started = readFileSync(pids, 'utf8').trim().split('\n')
  expect(started).toHaveLength(2)
  // What was killed is there until its parent has heard of it.
  const left = () => started.filter((pid) => existsSync(`/proc/${pid}`))
  await expect.poll(left, { timeout: 10_000 }).toEqual([])
})

test('tells the packages that a derivation needs, built or not', async () => {
  const id = await commit({
    'flake.nix': flake({
      vm0: `make "nixos-system-vm0-25.11" "cat \${make "vault-1.17.2" "cat \${make "go-1.23" ""}"} > $out"`,
    }),
  })
  const { drv } = await systemOf(id)
  const gone = drv.replace(/^.{44}/, `/nix/store/${'0'.repeat(32)}-`)
  expect(await nix.describeDerivations([drv, gone])).toEqual(
    new Map([[drv, { go: ['1.23'], vault: ['1.17.2'] }]]),
  )
})

test('describes units, files, packages and size of a system', async () => {
  const id = await commit({
    'flake.nix': flake({
      vm0: `
        let
          vault = make "vault-1.17.2" "head -c 100000 /dev/zero > $out";
          reload = make "unit-script-vault-reload" "printf '#!/bin/sh\\nkill -HUP' > $out";
          service = make "unit-vault.service" ''
            printf '[Service]\\nExecStart=\${vault}\\nExecReload=\${reload}' > $out
          '';
          etc = make "etc" ''
            d=$out/etc; mkdir -p $d/systemd/system/multi-user.target.wants
            mkdir $d/systemd/system/vault.service.d $d/ssh
            ln -s \${service} $d/systemd/system/vault.service
            ln -s vault.service $d/systemd/system/secrets.service
            ln -s /dev/null $d/systemd/system/off.service
            ln -s ../vault.service $d/systemd/system/multi-user.target.wants/vault.service
            printf '[Service]\\nNice=5\\n' > $d/systemd/system/vault.service.d/overrides.conf
            echo 127.0.0.1 localhost > $d/hosts
            printf '\\000\\001' > $d/ssh/moduli
            echo 0440 > $d/hosts.mode
            ln -s /proc/mounts $d/mtab
          '';
        in
        make "nixos-system-vm0-25.11" ''
          mkdir $out; ln -s \${etc}/etc $out/etc
          ln -s \${make "linux-6.12.1" "echo > $out"} $out/kernel
          echo initial > $out/initrd
        ''`,
    }),
  })
  const system = await systemOf(id)
  expect(await nix.describe([system.system, '', '/run/elsewhere'])).toEqual(new Map())
  await nix.build([system], 'fleet')
  const contents = (await nix.describe([system.system])).get(system.system)!
  expect(contents.units['vault.service']).toMatch(
    /^\[Service\]\nExecStart=\/nix\/store\/.{32}-vault-1\.17\.2\nExecReload=.*\n# overrides\.conf\n\[Service\]\nNice=5\n# unit-script-vault-reload:\n# {3}#!\/bin\/sh\n# {3}kill -HUP\n# Wanted by multi-user\.target\n$/,
  )
  expect(Object.keys(contents.units)).toEqual(['off.service', 'vault.service'])
  expect(contents.units['off.service']).toBe('# masked\n')
  expect(Object.keys(contents.files)).toEqual(['hosts', 'mtab', 'ssh/moduli'])
  expect(contents.files['hosts']).toMatchObject({ text: '127.0.0.1 localhost\n' })
  expect(contents.files['hosts']!.hash).toMatch(/ 0440/)
  expect(contents.files['ssh/moduli']).not.toHaveProperty('text')
  expect(contents.files['mtab']).toEqual({ hash: '-> /proc/mounts' })
  expect(contents.packages).toEqual({ linux: ['6.12.1'], vault: ['1.17.2'] })
  expect(contents.size).toBeGreaterThan(100_000)
  expect(contents.boot.kernel).toMatch(/-linux-6\.12\.1$/)
  // It lies in the toplevel, whose own hash says nothing of it.
  expect(contents.boot.initrd).toMatch(/^[0-9a-f]{64}$/)
})

test('locks what is missing, and one input or all anew', async () => {
  const source = join(folder, 'the source')
  const write = (file: string, text: string) =>
    execFileSync('sh', ['-c', 'mkdir -p "$(dirname "$1")"; printf %s "$2" > "$1"', '-', file, text])
  for (const name of ['one', 'two']) write(join(folder, name, 'flake.nix'), '{ outputs = _: { }; }')
  const inputs = ['one', 'two'].map((name) => `inputs.${name}.url = "path:${join(folder, name)}";`)
  write(join(source, 'flake.nix'), `{ ${inputs.join(' ')} outputs = _: { }; }`)
  const locked = () => {
    const text = readFileSync(join(source, 'flake.lock'), 'utf8')
    const { nodes } = JSON.parse(text) as {
      nodes: Record<string, { locked?: { narHash: string } }>
    }
    return ['one', 'two'].map((name) => nodes[name]!.locked!.narHash)
  }
  await nix.lock(source, 'missing')
  const first = locked()
  for (const name of ['one', 'two']) write(join(folder, name, 'more'), 'changed')
  await nix.lock(source, 'missing')
  expect(locked()).toEqual(first)
  await nix.lock(source, ['one'])
  expect([locked()[0] === first[0], locked()[1] === first[1]]).toEqual([false, true])
  await nix.lock(source, ['one', 'two'])
  expect(locked()[1]).not.toBe(first[1])
})

test('what is no fault of the configuration is thrown: a commit or a Nix that is not there', async () => {
  const id = await commit({ 'flake.nix': flake({ vm0: 'make "vm0" ""' }) })
  await expect(nix.evaluate(mirror, '1'.repeat(40), ['vm0'])).rejects.toThrow()
  const none = createNix({ nix: '/nonexistent/nix', env, stateDir: join(folder, 'our state') })
  await expect(none.evaluate(mirror, id, ['vm0', 'vm1'])).rejects.toThrow(/nonexistent/)
})

test('an evaluation that does not end is ended, and said of its machine', async () => {
  const sum = (term: string) =>
    `builtins.foldl' (sum: n: sum + ${term}) 0 (builtins.genList (n: n) 100000)`
  const loop = sum(`(${sum('n')})`)
  const id = await commit({ 'flake.nix': flake({ vm0: `make "vm0" (toString (${loop}))` }) })
  const hasty = createNix({
    ...{ nix: program, env, stateDir: join(folder, 'our state') },
    evaluationTimeoutMs: 1000,
  })
  expect((await hasty.evaluate(mirror, id, ['vm0'])).get('vm0')).toMatchObject({
    message: 'evaluation took more than 1 s',
  })
  expect((await nix.evaluate(mirror, id, ['vm0'], { limitMs: 1000 })).get('vm0')).toMatchObject({
    message: 'evaluation took more than 1 s',
  })
})

test('tells its version', async () => {
  expect(await nix.version()).toMatch(/^\d+\.\d+/)
})
