import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { CliContext, LockFlake } from './context.ts'
import { modeline, writeEditorFiles } from './editor.ts'
import { folderOf, writeNew } from './folder.ts'
import { couldNotRun } from './output.ts'
import { update } from './update.ts'

/** `nixcluster init`: writes a small configuration that validates, and its lock where `lock` is given. */
export function register(program: Command, context: CliContext, lock?: LockFlake): void {
  program
    .command('init')
    .description('write a first configuration')
    .option('--dir <folder>', 'the repository (default: the current folder)')
    .option('--editor', 'only what editors need: the schema, anew, and settings if there are none')
    .addHelpText('after', '\nExample: nixcluster init --dir ~/fleet')
    .action(async ({ dir, editor }: { dir?: string; editor?: true }) => {
      try {
        const folder = folderOf(context.cwd, dir)
        if (editor) await initEditor(folder, context)
        else await init(folder, context, lock)
      } catch (error) {
        couldNotRun(context, error)
      }
    })
}

async function init(
  folder: string,
  context: CliContext,
  lock: LockFlake | undefined,
): Promise<void> {
  const first = [...starter.keys()].find((path) => existsSync(join(folder, path)))
  if (first !== undefined) {
    context.stderr(`${first} is there already: nothing is written\n`)
    context.exit(1)
    return
  }
  for (const [path, text] of [...starter, ...beside])
    if (await writeNew(join(folder, path), text)) context.stdout(`${path} is written\n`)
  await initEditor(folder, context)
  const isLocked = lock !== undefined && (await wroteLock(folder, context, lock))
  context.stdout(
    'next: write your machines into clusters/example.yaml, then run nixcluster validate\n',
  )
  if (!isLocked) context.stdout('then: nixcluster update, which needs Nix, writes flake.lock\n')
}

async function initEditor(folder: string, context: CliContext): Promise<void> {
  for (const path of await writeEditorFiles(folder)) context.stdout(`${path} is written\n`)
}

/** Without a network there is no lock yet, but a repository all the same. */
async function wroteLock(folder: string, context: CliContext, lock: LockFlake): Promise<boolean> {
  try {
    await update(folder, 'missing', context, lock)
    return true
  } catch (error) {
    context.stderr(`${error instanceof Error ? error.message : String(error)}\n`)
    return false
  }
}

/** path -> text of the first configuration. */
export const starter: ReadonlyMap<string, string> = new Map([
  [
    'nixcluster.yaml',
    `${modeline(0)}apiVersion: nixcluster/v1
kind: Project
inputs:
  nixpkgs: { url: "github:NixOS/nixpkgs/nixos-25.11" }
---
apiVersion: nixcluster/v1
kind: Domain
suffix: internal
`,
  ],
  [
    'clusters/example.yaml',
    `${modeline(1)}apiVersion: nixcluster/v1
kind: Cluster
name: example.internal
system: x86_64-linux
stateVersion: "25.11"
modules: [/modules/base.nix]
users:
  # root: # whom the controller logs in as
  #   openssh.authorizedKeys.keys: [ssh-ed25519 AAAA… controller]
  admin:
    isNormalUser: true
    extraGroups: [wheel]
    # openssh.authorizedKeys.keys: [ssh-ed25519 AAAA… you@laptop]
services:
  dns: # every machine finds the others by name
    selectors: [example.internal]
    definition: { builtin: static-dns }
machines:
  vm0:
    interfaces:
      eth0: { addresses: [192.0.2.10/24], gateway: 192.0.2.1 }
    config:
      networking.firewall.allowedTCPPorts: [22]
  vm1:
    interfaces:
      eth0: { addresses: [192.0.2.11/24], gateway: 192.0.2.1 }
`,
  ],
  [
    'modules/base.nix',
    `# What every machine has. Add its disks: fileSystems and boot.loader.
{ ... }:
{
  services.openssh.enable = true;
}
`,
  ],
])

/** path -> text of what a repository may have of its own already. */
const beside: ReadonlyMap<string, string> = new Map([
  ['.gitignore', '# What nix build leaves.\nresult\nresult-*\n'],
  [
    'README.md',
    `# Our machines

One configuration for all of them, by NixClusterConfig.

- \`nixcluster.yaml\`: inputs, and the domain that all names end in
- \`clusters/\`: clusters with their machines, users and services
- \`modules/\`: NixOS modules that these refer to, such as disks and boot loaders
- \`.nixcluster/\`, \`.vscode/\`: what editors know of the keys; \`nixcluster init --editor\` renews it

How it goes on:

1. Write your machines into clusters/example.yaml, with real addresses and keys.
2. \`nixcluster validate\` says what is wrong, \`nixcluster resolve vm0 --explain\` where a machine
   has its settings from, \`nixcluster graph\` draws what runs where.
3. \`nixcluster update\` locks the inputs in flake.lock, which needs Nix. Commit all of it.
4. \`nixcluster diff HEAD\` says which machines a change concerns, before it is committed.
5. \`nixcluster render --out /tmp/rendered\` writes the flake that comes of it, and this builds a machine:
   \`nix build path:/tmp/rendered#nixosConfigurations.vm0.config.system.build.toplevel\`
6. The controller deploys what is pushed: \`nixcluster serve --help\`.
`,
  ],
])
