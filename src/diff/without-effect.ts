import type { Complaint, Position } from '../model/diagnostic.ts'
import type { Inventory, NixosSettings, OptionSetting } from '../model/inventory.ts'
import type { UnusedValue } from '../model/ports.ts'

/** Warnings of levels' values that modules beat: one for each value, with the machines where it is so. */
export function withoutEffect(
  inventory: Inventory,
  unused: ReadonlyMap<string, readonly UnusedValue[]>,
): readonly Complaint[] {
  const levels = new Map(
    [...inventory.domains, ...inventory.clusters, ...inventory.machines].map((level) => [
      level.name,
      level,
    ]),
  )
  const found = new Map<string, UnusedValue & { readonly machines: string[] }>()
  for (const [machine, values] of unused)
    for (const { name, option, by } of values) {
      const files = by.map(inRepository)
      const key = JSON.stringify([name, option, files])
      const known = found.get(key) ?? { name, option, by: files, machines: [] }
      known.machines.push(machine)
      found.set(key, known)
    }
  return [...found.values()].flatMap(({ name, option, by, machines }) => {
    const level = levels.get(name)
    if (!level) return []
    return {
      severity: 'warning',
      code: 'compile/without-effect',
      message: `'${option.join('.')}' of ${name} has no effect${name === machines[0] ? '' : ` on ${some(machines)}`}: ${some(by)} says it more strongly`,
      at: placeIn(level.settings, option) ?? level.at,
      hint: 'take it out, or put !force in front of it',
    }
  })
}

/** Where a level says an option, or something above it. */
function placeIn(
  { config, modules, users }: NixosSettings,
  option: readonly string[],
): Position | undefined {
  const inline = modules.flatMap((module) => (module.kind === 'config' ? module.config : []))
  const ofUser = users.find(({ name }) => option[1] === 'users' && option[2] === name)
  return [...config, ...inline].find((setting) => isAbove(setting, option))?.at ?? ofUser?.at
}

function isAbove({ path }: OptionSetting, option: readonly string[]): boolean {
  return path.every((step, index) => step === option[index])
}

/** The tree that Nix evaluates lies in its store. */
function inRepository(file: string): string {
  return file.replace(/^\/nix\/store\/[^/]+\//, '')
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ')
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown
}
