import { diffDerivations, diffSystems } from '../diff/system.ts'
import type { BuiltSystem, Ledger } from '../model/ledger.ts'
import type { PlannedMachine } from '../model/plan.ts'
import type { Nix } from '../model/ports.ts'

/** A machine that is to get another system than it was given. */
export interface ChangedMachine {
  readonly name: string
  readonly system: BuiltSystem
  /** False: the time for building was over, and only the derivation is here. */
  readonly isBuilt: boolean
}

/** So many are read at a time: machines have most of their files in common, and texts take memory. */
const readTogether = 25

/** What differs on each machine: by closures where both are in the store, else by derivations. */
export async function planMachines(
  nix: Nix,
  ledger: Ledger,
  changed: readonly ChangedMachine[],
): Promise<readonly PlannedMachine[]> {
  const planned: PlannedMachine[] = []
  for (let start = 0; start < changed.length; start += readTogether) {
    const some = changed.slice(start, start + readTogether)
    planned.push(...(await planSome(nix, ledger, some)))
  }
  return planned
}

async function planSome(
  nix: Nix,
  ledger: Ledger,
  changed: readonly ChangedMachine[],
): Promise<readonly PlannedMachine[]> {
  const pairs = changed.map((machine) => ({ ...machine, given: givenTo(ledger, machine.name) }))
  const contents = await nix.describe(
    pairs.flatMap(({ system, isBuilt, given }) =>
      isBuilt ? [system.system, given?.system ?? ''] : [],
    ),
  )
  const isComparable = ({ system, given }: (typeof pairs)[number]): boolean =>
    contents.has(system.system) && (given === undefined || contents.has(given.system))
  const rest = pairs.filter((pair) => !isComparable(pair) && pair.given?.drv !== undefined)
  const packages = await nix.describeDerivations(
    rest.flatMap(({ system, given }) => [system.drv, given!.drv!]),
  )
  return pairs.map((pair): PlannedMachine => {
    const { name, system, given } = pair
    const after = contents.get(system.system)
    if (after !== undefined && isComparable(pair)) {
      return { name, diff: diffSystems(given && contents.get(given.system), after) }
    }
    return {
      name,
      diff: diffDerivations(
        given && { system: given.system, packages: packages.get(given.drv ?? '') },
        { system: system.system, packages: packages.get(system.drv) },
      ),
    }
  })
}

/** Undefined where nothing is known of what it runs, or nothing of Nix does. */
function givenTo(
  { machines }: Ledger,
  name: string,
): { readonly system: string; readonly drv: string | undefined } | undefined {
  const record = machines[name]
  const system = record?.given?.system ?? ''
  if (system === '') return undefined
  return { system, drv: record!.history.find((built) => built.system === system)?.drv }
}
