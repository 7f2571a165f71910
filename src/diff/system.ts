import { structuredPatch } from 'diff'
import { bootParts } from '../model/system-contents.ts'
import type { Packages, SystemContents } from '../model/system-contents.ts'
import type { FileChange, PackageChange, SystemDiff, UnitChange } from '../model/system-diff.ts'
import { diffPorts } from './port-changes.ts'
import { switchEffect } from './unit-effect.ts'
import { diffUsers } from './user-changes.ts'
import { diffVirtualHosts, saidByVirtualHosts } from './virtual-host-changes.ts'

/** A longer diff is cut: what a plan shows is read by people. */
const maxPatchLines = 60

/** What replacing one system by another changes on a machine; without `before` all of it is new. */
export function diffSystems(before: SystemContents | undefined, after: SystemContents): SystemDiff {
  const old = before ?? nothing
  const said = saidByVirtualHosts(old, after)
  const refusals = before === undefined ? [] : refusedFor(before.inhibitors, after.inhibitors)
  return {
    ...(before === undefined ? {} : { before: before.system }),
    after: after.system,
    compared: 'closures',
    units: diffUnits(old.units, after.units).filter(({ name }) => !said.has(name)),
    files: diffFiles(old.files, after.files, said),
    packages: diffPackages(old.packages, after.packages),
    sizeDelta: after.size - old.size,
    // A machine that has nothing yet is not rebooted for it.
    reboot: before === undefined ? [] : diffBoot(before.boot, after.boot),
    ...(refusals.length === 0 ? {} : { refusedFor: refusals }),
    users: diffUsers(old.users, after.users),
    ports: diffPorts(old.ports, after.ports),
    virtualHosts: diffVirtualHosts(old, after, diffSystems),
  }
}

const nothing: Omit<SystemContents, 'system' | 'boot' | 'inhibitors'> = {
  units: {},
  files: {},
  packages: {},
  size: 0,
  users: {},
  ports: [],
  virtualHosts: {},
}

function diffBoot(before: SystemContents['boot'], after: SystemContents['boot']) {
  const changed = bootParts.filter((part) => before[part] !== after[part])
  // Another kernel has other modules.
  return changed.filter((part) => part !== 'kernel-modules' || !changed.includes('kernel'))
}

/** As NixOS' check before a switch has it: what both systems name, and not alike. */
function refusedFor(
  before: SystemContents['inhibitors'],
  after: SystemContents['inhibitors'],
): readonly string[] {
  const short = (value: string) => value.replaceAll(/\/nix\/store\/[0-9a-z]{32}-/g, '')
  return Object.keys(before)
    .filter((name) => after[name] !== undefined && after[name] !== before[name])
    .sort()
    .map((name) => {
      const [old, now] = [short(before[name]!), short(after[name]!)]
      return old === now ? name : `${name} ${old} → ${now}`
    })
}

/** What can be said of systems that are not built: which packages come and go, where even that is known. */
export function diffDerivations(
  before: { readonly system: string; readonly packages?: Packages | undefined } | undefined,
  after: { readonly system: string; readonly packages?: Packages | undefined },
): SystemDiff {
  const known = before?.packages !== undefined && after.packages !== undefined
  return {
    ...(before === undefined ? {} : { before: before.system }),
    after: after.system,
    compared: known ? 'derivations' : 'nothing',
    units: [],
    files: [],
    packages: known ? diffPackages(before.packages, after.packages!) : [],
    sizeDelta: 0,
    reboot: [],
    users: [],
    ports: [],
    virtualHosts: [],
  }
}

type Texts = SystemContents['units']

function diffUnits(before: Texts, after: Texts): readonly UnitChange[] {
  return names(before, after).flatMap((name): UnitChange[] => {
    const [old, now] = [before[name], after[name]]
    if (old === now) return []
    const effect = switchEffect(name, old, now)
    if (old === undefined) return [{ name, kind: 'added', effect }]
    if (now === undefined) return [{ name, kind: 'removed', effect }]
    return [{ name, kind: 'changed', effect, patch: patchOf(old, now) }]
  })
}

function diffFiles(
  before: SystemContents['files'],
  after: SystemContents['files'],
  said: ReadonlySet<string>,
): readonly FileChange[] {
  return names(before, after).flatMap((name): FileChange[] => {
    const [old, now] = [before[name], after[name]]
    if (old?.hash === now?.hash || said.has(name)) return []
    const common = {
      path: `/etc/${name}`,
      ...(old?.size === undefined ? {} : { sizeBefore: old.size }),
      ...(now?.size === undefined ? {} : { sizeAfter: now.size }),
    }
    if (old === undefined) return [{ ...common, kind: 'added' }]
    if (now === undefined) return [{ ...common, kind: 'removed' }]
    const isReadable = old.text !== undefined && now.text !== undefined && old.text !== now.text
    const patch = isReadable ? { patch: patchOf(old.text!, now.text!) } : {}
    return [{ ...common, kind: 'changed', ...patch }]
  })
}

function diffPackages(before: Packages, after: Packages): readonly PackageChange[] {
  return names(before, after)
    .map((name) => ({ name, before: before[name] ?? [], after: after[name] ?? [] }))
    .filter((change) => change.before.join('\0') !== change.after.join('\0'))
}

const names = (a: object, b: object): readonly string[] =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()

/** The hunks of a unified diff; store paths keep so much of their hash that a change is seen. */
function patchOf(before: string, after: string): string {
  const [old, now] = [before, after].map((text) =>
    text.replaceAll(/\/nix\/store\/([0-9a-z]{7})[0-9a-z]{25}-/g, '/nix/store/$1…-'),
  )
  const { hunks } = structuredPatch('', '', old!, now!, undefined, undefined, { context: 2 })
  const lines = hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines: hunk }) => [
    `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`,
    ...hunk,
  ])
  return lines.length <= maxPatchLines
    ? lines.join('\n')
    : [...lines.slice(0, maxPatchLines), `[${lines.length - maxPatchLines} more lines]`].join('\n')
}
