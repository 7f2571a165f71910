import type { UnitChange } from '../model/system-diff.ts'

/** Changes of these alone leave a unit as it runs. */
const ignoredKeys = new Set(
  (
    'X-Reload-Triggers Description Documentation OnFailure OnSuccess OnFailureJobMode ' +
    'IgnoreOnIsolate StopWhenUnneeded RefuseManualStart RefuseManualStop AllowIsolation ' +
    'CollectMode SourcePath'
  ).split(' '),
)

/**
 * What NixOS' switch does to a unit, by its two texts as `SystemContents` has them: the rules of
 * switch-to-configuration, with the unit taken to run where it can.
 */
export function switchEffect(
  name: string,
  before: string | undefined,
  after: string | undefined,
): UnitChange['effect'] {
  if (after === undefined) {
    return has(before ?? '', 'X-StopOnRemoval', false) || !isRunnable(name) ? 'none' : 'stops'
  }
  if (!isRunnable(name) || has(after, 'X-OnlyManualStart', true)) return 'none'
  if (before === undefined) return isWanted(after) ? 'starts' : 'none'
  if (after.startsWith('# masked')) return 'stops'
  if (essence(before) === essence(after)) {
    // Wanted only now, or what is to be read again was written down in the unit for this purpose.
    if (!isWanted(before) && isWanted(after)) return 'starts'
    return triggers(before) === triggers(after) ? 'none' : 'reloads'
  }
  if (has(after, 'X-ReloadIfChanged', true)) return 'reloads'
  if (has(after, 'X-RestartIfChanged', false) || has(after, 'RefuseManualStop', true)) return 'none'
  return 'restarts'
}

/** Targets and slices do nothing themselves. */
const isRunnable = (name: string): boolean => !/\.(target|slice)$/.test(name)

const isWanted = (text: string): boolean => /^# (Wanted|Required|Upheld) by /m.test(text)

function has(text: string, key: string, value: boolean): boolean {
  const words = value ? 'true|yes|on|1' : 'false|no|off|0'
  // The last one counts, as in systemd: a drop-in comes after the unit.
  const given = [...text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))]
  const last = given.at(-1)?.[1]
  return last !== undefined && new RegExp(`^(${words})$`, 'i').test(last.trim())
}

/** The unit without what does not count, and without how it is installed. */
function essence(text: string): string {
  let section = ''
  return text
    .split('\n')
    .filter((line) => {
      section = /^\[(.+)\]$/.exec(line)?.[1] ?? section
      if (line.trim() === '' || line.startsWith('#')) return false
      return section !== 'Install' && !ignoredKeys.has(line.split('=')[0] ?? '')
    })
    .join('\n')
}

const triggers = (text: string): string =>
  text
    .split('\n')
    .filter((line) => line.startsWith('X-Reload-Triggers='))
    .join('\n')
