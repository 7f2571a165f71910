import type { SystemContents, VirtualHostContents } from '../model/system-contents.ts'

/** A virtual host of a machine, as its host's units and files tell: what is not read from its own system. */
export type VirtualHostPlace = Pick<VirtualHostContents, 'system' | 'unit' | 'namedIn'>

/**
 * Virtual hosts by name. Containers are in `nixos-containers/<name>.conf` below /etc (`containers/` before
 * NixOS 22.05); microvms that are declared on their host in the script that installs them (microvm.nix).
 */
export function virtualHostsIn(
  files: SystemContents['files'],
  units: SystemContents['units'],
): Readonly<Record<string, VirtualHostPlace>> {
  const hosts: Record<string, VirtualHostPlace> = {}
  for (const [path, { text = '' }] of Object.entries(files)) {
    const name = /^(?:nixos-)?containers\/([^/]+)\.conf$/.exec(path)?.[1]
    const system = /^\s*SYSTEM_PATH=(\/nix\/store\/[^/\s]+)\s*$/m.exec(text)?.[1]
    if (name === undefined || system === undefined) continue
    const unit = `container@${name}.service`
    hosts[name] = { system, unit, namedIn: [unit, path] }
  }
  for (const [installer, text] of Object.entries(units)) {
    const name = /^install-microvm-(.+)\.service$/.exec(installer)?.[1]
    const system = /^#\s+ln -sTf (\/nix\/store\/[^/\s]+) toplevel$/m.exec(text)?.[1]
    if (name === undefined || system === undefined) continue
    const unit = `microvm@${name}.service`
    hosts[name] = { system, unit, namedIn: [unit, installer] }
  }
  return hosts
}
