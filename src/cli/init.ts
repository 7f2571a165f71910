import { access, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import type { CliContext, LockFlake } from './context.ts'
import { modeline, writeEditorFiles } from './editor.ts'
import { folderOf } from './folder.ts'
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
  const existing = await Promise.all(
    [...starter.keys()].map(async (path) => ((await exists(join(folder, path))) ? [path] : [])),
  )
  const [first] = existing.flat()
  if (first !== undefined) {
    context.stderr(`${first} is there already: nothing is written\n`)
    context.exit(1)
    return
  }
  for (const [path, text] of starter) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
    context.stdout(`${path} is written\n`)
  }
  await initEditor(folder, context)
  if (lock) await update(folder, 'missing', context, lock)
  else context.stdout('next: nixcluster update, which needs Nix, writes flake.lock\n')
}

async function initEditor(folder: string, context: CliContext): Promise<void> {
  for (const path of await writeEditorFiles(folder)) context.stdout(`${path} is written\n`)
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
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
