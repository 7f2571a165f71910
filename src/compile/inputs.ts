import type { FlakeInput } from '../model/inventory.ts'
import { didYouMean } from '../model/suggestion.ts'
import type { DeclaredProject } from '../schema/fleet.ts'
import { below, byKey, type Complaints } from './complaints.ts'

const defaults: readonly FlakeInput[] = [
  { name: 'nixpkgs', url: 'github:NixOS/nixpkgs/nixos-25.11', flake: true, follows: {} },
  {
    name: 'deploy-rs',
    url: 'github:serokell/deploy-rs',
    flake: true,
    follows: { nixpkgs: 'nixpkgs' },
  },
]

/** The flake inputs, ours first replaced by the project's of the same name; in the order of names. */
export function flakeInputs(
  project: DeclaredProject | undefined,
  complaints: Complaints,
): readonly FlakeInput[] {
  const inputs = new Map(defaults.map((input) => [input.name, input]))
  const written = project?.body.inputs ?? {}
  for (const [name, input] of Object.entries(written)) {
    const place = below(project!.place, 'inputs', name)
    if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name) || name === 'self') {
      complaints.error(
        'compile/input-name',
        `'${name}' cannot name an input`,
        byKey(place),
        name === 'self'
          ? "'self' is the flake itself: choose another name"
          : 'letters, digits, - and _ only, with a letter first',
      )
      continue
    }
    if (input?.url === undefined) continue
    const follows = input.follows ?? inputs.get(name)?.follows ?? {}
    inputs.set(name, { name, url: input.url, flake: input.flake ?? true, follows: clean(follows) })
  }
  for (const { name, follows } of inputs.values())
    for (const [inner, target] of Object.entries(follows))
      if (target !== '' && !inputs.has(target.split('/')[0]!))
        complaints.error(
          'compile/unknown-input',
          `no flake input is called '${target}'${didYouMean(target, inputs.keys())}`,
          below(project!.place, 'inputs', name, 'follows', inner),
        )
  return [...inputs.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

function clean(follows: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const known = Object.entries(follows).filter(([, target]) => target !== undefined)
  return Object.fromEntries(known.sort(([a], [b]) => (a < b ? -1 : 1))) as Record<string, string>
}
