import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { labInputs } from '../../lab/inputs.ts'
import { ensureTools } from '../../scripts/setup.ts'

/** A system of the lab's stand-in for nixpkgs, built; nothing keeps it from the garbage collector. */
export interface TestSystem {
  /** deploy-rs' profile. */
  readonly path: string
  readonly drv: string
  /** The NixOS toplevel inside. */
  readonly system: string
}

/** Builds one system for each module text, all in one evaluation. */
export async function buildSystems<Name extends string>(
  modules: Record<Name, string>,
): Promise<Record<Name, TestSystem>> {
  const tools = await ensureTools()
  const inputs = await labInputs(tools)
  const folder = await mkdtemp(join(tmpdir(), 'nixcluster-systems-'))
  const machines = Object.entries<string>(modules).map(
    ([name, text]) => `${name} = make (${text});`,
  )
  await writeFile(
    join(folder, 'flake.nix'),
    `{
  inputs.nixpkgs.url = "${inputs.nixpkgs}";
  inputs.microvm.url = "path:${join(import.meta.dirname, '../../lab/microvm')}";
  inputs.deploy-rs = { url = "${inputs.deployRs}"; inputs.nixpkgs.follows = "nixpkgs"; };
  outputs = { nixpkgs, deploy-rs, microvm, ... }:
    let
      make = module:
        let machine = nixpkgs.lib.nixosSystem {
          system = "x86_64-linux";
          specialArgs = { inherit microvm; };
          modules = [ { system.stateVersion = "26.05"; } module ];
        };
        in {
          profile = deploy-rs.lib.x86_64-linux.activate.nixos machine;
          system = machine.config.system.build.toplevel;
        };
    in { systems = { ${machines.join('\n')} }; };
}
`,
  )
  const env = { PATH: tools.path, HOME: folder, ...tools.environment }
  const nix = async (...args: string[]) =>
    (await execa(tools.nix, args, { env, cwd: folder })).stdout
  const apply =
    'builtins.mapAttrs (_: s: { path = s.profile.outPath; drv = s.profile.drvPath; system = s.system.outPath; })'
  const systems = JSON.parse(
    await nix('eval', '--json', `path:${folder}#systems`, '--apply', apply),
  ) as Record<Name, TestSystem>
  const all = Object.values<TestSystem>(systems)
  await nix('build', '--no-link', ...all.map(({ drv }) => `${drv}^*`))
  await rm(folder, { recursive: true })
  return systems
}
