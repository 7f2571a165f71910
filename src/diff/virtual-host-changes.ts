import type { SystemContents, VirtualHostContents } from '../model/system-contents.ts'
import type { SystemDiff, VirtualHostChange } from '../model/system-diff.ts'
import { switchEffect } from './unit-effect.ts'

type Side = Pick<SystemContents, 'units' | 'files' | 'virtualHosts'>

/** Virtual hosts whose own system is another, by name; `diff` compares two of them. */
export function diffVirtualHosts(
  before: Side,
  after: Side,
  diff: (before: SystemContents, after: SystemContents) => SystemDiff,
): readonly VirtualHostChange[] {
  return bothNames(before.virtualHosts, after.virtualHosts).flatMap((name): VirtualHostChange[] => {
    const [old, now] = [before.virtualHosts[name], after.virtualHosts[name]]
    if (old?.system === now?.system) return []
    const { unit } = (now ?? old)!
    const effect =
      unit in before.units || unit in after.units
        ? switchEffect(unit, before.units[unit], after.units[unit])
        : 'none'
    const common = { name, ...(effect === 'none' ? {} : { effect }) }
    if (old === undefined) return [{ ...common, kind: 'added' }]
    if (now === undefined) return [{ ...common, kind: 'removed' }]
    // Starting it anew is what a reboot is for others, and no switch happens in it.
    const was = { ...old, boot: now.boot, inhibitors: now.inhibitors }
    return [{ ...common, kind: 'changed', diff: diff(was, now) }]
  })
}

/** Units, and paths below /etc, that change only because a virtual host does. */
export function saidByVirtualHosts(before: Side, after: Side): ReadonlySet<string> {
  const names = bothNames(before.virtualHosts, after.virtualHosts)
  const said = names.flatMap((name) => {
    const [old, now] = [before.virtualHosts[name], after.virtualHosts[name]]
    if (old?.system === now?.system) return []
    const places = new Set([...namedIn(old), ...namedIn(now)])
    if (old === undefined || now === undefined) return [...places]
    return [...places].filter((place) => shape(before, place) === shape(after, place))
  })
  return new Set(said)
}

const namedIn = (host: VirtualHostContents | undefined): readonly string[] => host?.namedIn ?? []

/** A text without the store paths in it, and without what only makes the switch start it anew. */
const shape = ({ units, files }: Side, place: string): string | undefined =>
  (units[place] ?? files[place]?.text)
    ?.replaceAll(/^X-Re(?:start|load)-Triggers=.*\n/gm, '')
    .replaceAll(/\/nix\/store\/[0-9a-z]{32}-[\w+.?=-]+/g, '')

const bothNames = (a: object, b: object): readonly string[] =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()
