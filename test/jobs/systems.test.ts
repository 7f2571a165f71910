import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { linked } from '../../scripts/cache.ts'
import { nixEnvironment } from '../../scripts/nix.ts'
import { compile } from '../../src/compile/compile.ts'
import { createGit } from '../../src/git/git.ts'
import { createSource } from '../../src/jobs/source.ts'
import { createSystems } from '../../src/jobs/systems.ts'
import type { SystemsRequest } from '../../src/jobs/systems.ts'
import { createNix } from '../../src/nix/nix.ts'
import { emptyLedger } from '../../src/rollout/ledger-files.ts'
import { cluster } from '../compile/fleet.ts'

const folder = mkdtempSync(join(tmpdir(), 'nixcluster-systems-'))
const mirror = join(folder, 'mirror')
const marker = join(folder, 'go on')
const nonce = `${process.pid}-${performance.timeOrigin}`
let find: ReturnType<typeof createSystems>
let request: SystemsRequest & { generated: () => Promise<string> }

/** Stands where the generated flake would: one machine for each way that it can go. */
const flake = `{
  outputs = _:
    let
      make = name: script: derivation {
        inherit name;
        system = "x86_64-linux";
        builder = "/bin/sh";
        args = [ "-euc" "PATH=/bin:/usr/bin; \${script}" ];
        nonce = "${nonce}";
      };
      systems = builtins.mapAttrs make {
        "good.example.com" = "echo good > $out";
        "slow.example.com" = "while [ ! -e '${marker}' ]; do sleep 0.1; done; echo slow > $out";
        "bad.example.com" = "exit 3";
      } // { "wrong.example.com" = throw "no such thing"; };
    in {
      nixosConfigurations = builtins.mapAttrs (_: s: { config.system.build.toplevel = s; }) systems;
      deploy.nodes = builtins.mapAttrs (name: system: {
        profiles.system.path = make "activatable-\${name}" "ln -s \${system} $out";
      }) systems;
    };
}
`

beforeAll(async () => {
  const program = linked('nix')!
  const env = {
    PATH: `${dirname(program)}:${process.env['PATH']!}`,
    ...(await nixEnvironment()),
    NIX_CONFIG: 'max-jobs = 3',
  }
  execFileSync('git', ['init', '-q', '--bare', join(folder, 'remote')])
  const git = createGit({ url: join(folder, 'remote'), mirror, env: { PATH: env.PATH } })
  const commit = (files: Record<string, string>) =>
    git.writeCommit({ parents: [], kept: [], files: new Map(Object.entries(files)), message: 'c' })
  const machines = 'machines: { good: {}, slow: {}, bad: {}, wrong: {} }\n'
  const source = await commit({ 'nixcluster.yaml': cluster(machines) })
  const generated = await commit({ 'flake.nix': flake })
  const silent = () => undefined
  find = createSystems({
    nix: createNix({ nix: program, env, stateDir: join(folder, 'state') }),
    nixVersion: '2.26.3',
    hash: (text) => createHash('sha256').update(text).digest('hex'),
    log: { debug: silent, info: silent, warn: silent, error: silent },
  })
  request = {
    repository: 'fleet',
    mirror,
    source: await createSource(git, (tree) => Promise.resolve(compile(tree)))(source),
    generated: () => Promise.resolve(generated),
    ledger: emptyLedger('1'),
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a plan tells what failed at which stage, and what was not built in time; what is deployed is waited for', async () => {
  const plan = await find({ ...request, limits: { evaluationMs: 600_000, buildMs: 5000 } })
  expect(plan.systems).toMatchObject({
    'good.example.com': { system: expect.stringMatching(/-good\.example\.com$/) as string },
    'slow.example.com': { drv: expect.stringMatching(/-slow\.example\.com\.drv$/) as string },
    'bad.example.com': { stage: 'build', failed: expect.stringContaining('exit code 3') as string },
    'wrong.example.com': {
      stage: 'evaluation',
      failed: expect.stringContaining('no such thing') as string,
    },
  })
  expect([...plan.unbuilt]).toEqual(['slow.example.com'])

  writeFileSync(marker, '')
  const deployment = await find(request)
  expect([...deployment.unbuilt]).toEqual([])
  expect(deployment.systems['slow.example.com']).toEqual(plan.systems['slow.example.com'])
  // What was built is remembered, what was not is looked at again.
  expect(deployment.evaluated).toBe(3)
})
