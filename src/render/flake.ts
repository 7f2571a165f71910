import type { FlakeInput, Inventory } from '../model/inventory.ts'
import { takesModules } from '../model/names.ts'
import { type Binding, call, list, type Nix, printNix, set, text, word } from './nix-text.ts'
import { pathFrom } from './nix-value.ts'
import type { Places } from './places.ts'

/** Where a flake of the source's own is in the generated tree. */
export const movedSourceFlake = 'flake.source.nix'

/** Text of `flake.nix`: the inputs, and one line for each machine and service. */
export function toFlake(inventory: Inventory, places: Places): string {
  const inputs = flakeInputs(inventory).flatMap(toBindings)
  const ours = call(
    'import ./nixcluster/lib',
    set({
      inputs: word('inputs'),
      machines: toFiles(places.machines.values()),
      services: toFiles(places.services.values()),
      virtualHosts: toFilesOfVirtualHosts(inventory, places),
    }),
  )
  const outputs = inventory.hasSourceFlake ? besideSource(ours) : ours
  return `# Written by nixcluster (generation ${inventory.generation}): change the YAML instead.
{
  inputs = ${printNix({ kind: 'set', bindings: inputs }, 1)};

  outputs =
    inputs:
    ${printNix(outputs, 2)};
}
`
}

function besideSource(ours: Nix): Nix {
  const source = word(`import ./${movedSourceFlake}`)
  return call(
    'import ./nixcluster/lib/merge-outputs.nix',
    set({ inputs: word('inputs'), source, ours }),
  )
}

/** The inputs of the generated flake, in order of their names. */
export function flakeInputs({ inputs }: Inventory): readonly FlakeInput[] {
  return inputs.toSorted(byFirst(({ name }) => name))
}

function toBindings({ name, url, flake, follows, more = [] }: FlakeInput): readonly Binding[] {
  const followed = Object.entries(follows).toSorted(byFirst(([input]) => input))
  const bindings: readonly Binding[] = [
    ...(url === '' ? [] : [[[name, 'url'], text(url)] as const]),
    ...(flake ? [] : [[[name, 'flake'], word('false')] as const]),
    ...followed.map(([input, to]) => [[name, 'inputs', input, 'follows'], text(to)] as const),
    ...more.map(
      ([path, value]) =>
        [[name, ...path], typeof value === 'string' ? text(value) : word(String(value))] as const,
    ),
  ]
  return bindings.length > 0 ? bindings : [[[name], set({})]]
}

/** Those that have a configuration; undefined where there are none. */
function toFilesOfVirtualHosts({ virtualHosts }: Inventory, places: Places): Nix | undefined {
  const files = virtualHosts.filter(takesModules).map(({ name }) => places.virtualHosts.get(name)!)
  return files.length === 0 ? undefined : toFiles(files)
}

/** In the order of their text. */
function toFiles(files: Iterable<string>): Nix {
  return list([...files].sort().map((file) => pathFrom('flake.nix', file)))
}

function byFirst<Each>(nameOf: (each: Each) => string): (a: Each, b: Each) => number {
  return (a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0)
}
