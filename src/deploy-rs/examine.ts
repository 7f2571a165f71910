import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../exec/run.ts'
import { CommandError } from '../model/errors.ts'
import type { PairFacts } from '../model/surroundings.ts'
import { tellingLines } from './outcome.ts'
import { flakeTarget } from './tiny-flake.ts'

/**
 * Has deploy-rs build a profile of two empty files with this Nix, for a machine that cannot be reached: it
 * ends where it would copy.
 */
export async function tryDeployRs({
  deploy,
  nix,
  folder,
  env,
  signal,
}: {
  readonly deploy: string
  readonly nix: string
  /** Without spaces, and only for this. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}): Promise<PairFacts> {
  const content = join(folder, 'content')
  await mkdir(content, { recursive: true })
  for (const name of ['activate-rs', 'deploy-rs-activate'])
    await writeFile(join(content, name), '', { mode: 0o755 })
  const features = ['--extra-experimental-features', 'nix-command flakes']
  // By Nix' own builder, which needs no program on this machine.
  const expression = `derivation {
    name = "nixcluster-doctor-profile";
    system = builtins.currentSystem;
    builder = "builtin:buildenv";
    derivations = [ "true" 5 1 (builtins.path { path = ${content}; name = "content"; }) ];
    manifest = "/dev/null";
  }`
  const built = await run(
    nix,
    ['build', '--no-link', '--print-out-paths', '--impure', '--expr', expression, ...features],
    { env, signal },
  )
  const flake = join(folder, 'flake')
  await mkdir(flake, { recursive: true })
  await writeFile(
    join(flake, 'flake.nix'),
    `{
  outputs = _: {
    deploy.nodes.nobody = {
      hostname = "nobody.invalid";
      profiles.system = {
        path = "${built.stdout.trim()}";
        user = "root";
        sshUser = "root";
        sshOpts = [ "-oProxyCommand=false" "-oBatchMode=yes" ];
      };
    };
  };
}
`,
  )
  const { said } = await run(deploy, ['-s', '--dry-activate', flakeTarget(flake, 'nobody')], {
    env: { ...env, HOME: folder },
    cwd: folder,
    signal,
  }).then(
    ({ stderr }) => ({ said: stderr }),
    (error: unknown) => {
      if (!(error instanceof CommandError) || error.exitCode === undefined) throw error
      return { said: error.stderr }
    },
  )
  if (/Copying profile/.test(said)) return { fits: true, said: '' }
  const told = tellingLines(said.split('\n')).slice(-3).join('; ')
  return { fits: false, said: told || 'it ended without a word' }
}
