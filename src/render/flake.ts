import type { FlakeInput, Inventory } from '../model/inventory.ts'
import { type Binding, call, type Nix, printNix, set, text, word } from './nix-text.ts'
import { pathFrom } from './nix-value.ts'
import type { Places } from './places.ts'

/** Text of `flake.nix`: the inputs, and one line for each machine and service. */
export function toFlake(inventory: Inventory, places: Places): string {
  const inputs = flakeInputs(inventory).flatMap(toBindings)
  const outputs = call(
    'import ./nixcluster/lib',
    set({
      inputs: word('inputs'),
      machines: toFiles(places.machines),
      services: toFiles(places.services),
    }),
  )
  return `# Written by nixcluster (generation ${inventory.generation}): change the YAML instead.
{
  inputs = ${printNix({ kind: 'set', bindings: inputs }, 1)};

  outputs =
    inputs:
    ${printNix(outputs, 2)};
}
`
}

/** The inputs of the generated flake, in order of their names. */
export function flakeInputs({ inputs }: Inventory): readonly FlakeInput[] {
  return inputs.toSorted(byFirst(({ name }) => name))
}

function toBindings({ name, url, flake, follows }: FlakeInput): readonly Binding[] {
  const followed = Object.entries(follows).toSorted(byFirst(([input]) => input))
  return [
    [[name, 'url'], text(url)],
    ...(flake ? [] : [[[name, 'flake'], word('false')] as const]),
    ...followed.map(([input, to]) => [[name, 'inputs', input, 'follows'], text(to)] as const),
  ]
}

function toFiles(places: ReadonlyMap<string, string>): Nix {
  const inOrder = [...places].toSorted(byFirst(([name]) => name))
  return {
    kind: 'set',
    bindings: inOrder.map(([name, file]) => [[name], pathFrom('flake.nix', file)]),
  }
}

function byFirst<Each>(nameOf: (each: Each) => string): (a: Each, b: Each) => number {
  return (a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0)
}
