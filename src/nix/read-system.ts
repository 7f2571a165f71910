import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { bootParts } from '../model/system-contents.ts'
import type { SystemContents, VirtualHostContents } from '../model/system-contents.ts'
import { usersOfAccounts, usersOfSysusers } from './accounts.ts'
import { closureOf, type PathInfo } from './closures.ts'
import { portsOf } from './firewall-ports.ts'
import { packageVersions } from './package-name.ts'
import { readEtc } from './read-etc.ts'
import { readUnits } from './read-units.ts'
import { hashOf, target, type StoreReader } from './store-reader.ts'
import { virtualHostsIn } from './virtual-hosts.ts'

/** Reads a toplevel in the store, and those of its virtual hosts; `infos` knows every path of its closure. */
export async function readSystem(
  system: string,
  infos: ReadonlyMap<string, PathInfo>,
  reader: StoreReader,
): Promise<SystemContents> {
  const own = await readToplevel(system, reader)
  const virtualHosts: Record<string, VirtualHostContents> = {}
  for (const [name, place] of Object.entries(virtualHostsIn(own.files, own.units))) {
    // Who installs it by other means, a flake of its own say, keeps it outside of this system.
    if (!infos.has(place.system)) continue
    const inner = await readToplevel(place.system, reader)
    virtualHosts[name] = { ...inner, ...inClosure(place.system, infos), ...place, virtualHosts: {} }
  }
  const theirs = new Set(Object.values(virtualHosts).map((host) => host.system))
  return { ...own, ...inClosure(system, infos, theirs), virtualHosts }
}

async function readToplevel(system: string, reader: StoreReader) {
  const etc = join(system, 'etc')
  const [files, units] = [
    await readEtc(etc, reader),
    await readUnits(join(etc, 'systemd/system'), reader),
  ]
  const boot = await Promise.all(
    bootParts.map(async (part) => [part, await identity(system, part)] as const),
  )
  return {
    system,
    units,
    files,
    boot: Object.fromEntries(boot) as SystemContents['boot'],
    inhibitors: await readInhibitors(system),
    users: withKeys(await readUsers(system, units, files), files),
    ports: portsOf(units),
  }
}

/** The packages are its own, the size is that of all that it takes. */
function inClosure(
  system: string,
  infos: ReadonlyMap<string, PathInfo>,
  without?: ReadonlySet<string>,
): Pick<SystemContents, 'packages' | 'size'> {
  const whole = [...closureOf(system, infos)]
  return {
    packages: packageVersions([...closureOf(system, infos, without)]),
    size: whole.reduce((sum, path) => sum + (infos.get(path)?.size ?? 0), 0),
  }
}

/** What a link of the toplevel leads to; of a file that lies in it, and so moves with it, its hash. */
async function identity(system: string, name: string): Promise<string> {
  const real = await target(join(system, name))
  if (!real.startsWith(`${system}/`)) return real
  return (await stat(real)).isFile() ? hashOf(await readFile(real)) : real
}

/** `system.switch.inhibitors`: a map of texts, which is all that NixOS' own check takes. */
async function readInhibitors(system: string): Promise<SystemContents['inhibitors']> {
  const json = await readFile(join(system, 'switch-inhibitors'), 'utf8').catch(() => '{}')
  try {
    const entries = Object.entries(JSON.parse(json) as object)
    return Object.fromEntries(
      entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    )
  } catch {
    return {}
  }
}

/** From the list that makes them: the activation's, userborn's, or systemd's. */
async function readUsers(
  system: string,
  units: SystemContents['units'],
  files: SystemContents['files'],
): Promise<SystemContents['users']> {
  const script = join(system, 'activate')
  const isOwn = (await target(script)).startsWith('/nix/store/')
  const activation = isOwn ? await readFile(script, 'utf8').catch(() => '') : ''
  const named =
    /\/nix\/store\/[0-9a-z]{32}-users-groups\.json/.exec(activation) ??
    /\/nix\/store\/[0-9a-z]{32}-userborn\.json/.exec(units['userborn.service'] ?? '')
  if (named !== null && (await target(named[0])).startsWith('/nix/store/'))
    return usersOfAccounts(await readFile(named[0], 'utf8'))
  return usersOfSysusers(files['sysusers.d/00-nixos.conf']?.text ?? '')
}

/** Where sshd finds the keys that the configuration gives to a user. */
const keysOf = (name: string): string => `ssh/authorized_keys.d/${name}`

function withKeys(
  users: SystemContents['users'],
  files: SystemContents['files'],
): SystemContents['users'] {
  return Object.fromEntries(
    Object.entries(users).map(([name, user]) => {
      const lines = (files[keysOf(name)]?.text ?? '').split('\n').map((line) => line.trim())
      const keys = lines.filter((line) => line !== '' && !line.startsWith('#')).sort()
      return [name, keys.length === 0 ? user : { ...user, keys: keys.join('\n') }]
    }),
  )
}
