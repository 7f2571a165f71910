import type { Position } from '../model/diagnostic.ts'
import type { FlakeInput } from '../model/inventory.ts'
import { didYouMean } from '../model/suggestion.ts'
import type { DeclaredProject } from '../schema/fleet.ts'
import { type InputSetting, readSourceFlake, sourceFlakeFile } from '../schema/source-flake.ts'
import { below, byKey, type Complaints } from './complaints.ts'
import { checkCredentials } from './secrets.ts'

const defaults: readonly FlakeInput[] = [
  { name: 'nixpkgs', url: 'github:NixOS/nixpkgs/nixos-25.11', flake: true, follows: {} },
  {
    name: 'deploy-rs',
    url: 'github:serokell/deploy-rs',
    flake: true,
    follows: { nixpkgs: 'nixpkgs' },
  },
]

/**
 * The flake inputs in the order of names: ours, in their place those of a `flake.nix` of the source,
 * and the project's. What both write has to be the same.
 */
export function flakeInputs(
  project: DeclaredProject | undefined,
  sourceFlake: string | undefined,
  complaints: Complaints,
): readonly FlakeInput[] {
  const others = sourceFlake === undefined ? [] : sourceInputs(sourceFlake, complaints)
  const inputs = new Map([...defaults, ...others].map((input) => [input.name, input]))
  const fromSource = new Set(others.map(({ name }) => name))
  const written = project?.body.inputs ?? {}
  for (const [name, input] of Object.entries(written)) {
    const place = below(project!.place, 'inputs', name)
    if (!isName(name)) {
      badName(name, byKey(place), complaints)
      continue
    }
    if (input?.url === undefined) continue
    checkCredentials(input.url, below(place, 'url'), complaints)
    const known = inputs.get(name)
    const follows = input.follows ?? known?.follows ?? {}
    const made = { name, url: input.url, flake: input.flake ?? true, follows: clean(follows) }
    if (fromSource.has(name) && JSON.stringify(made) !== JSON.stringify(known))
      complaints.error(
        'compile/two-inputs',
        `the input '${name}' is another one in ${sourceFlakeFile}`,
        byKey(place),
        'write it in one of the two',
      )
    inputs.set(name, made)
  }
  for (const { name, follows } of inputs.values())
    for (const [inner, target] of Object.entries(follows))
      if (target !== '' && !inputs.has(target.split('/')[0]!))
        complaints.error(
          'compile/unknown-input',
          `no flake input is called '${target}'${didYouMean(target, inputs.keys())}`,
          fromSource.has(name)
            ? inSourceFlake
            : below(project!.place, 'inputs', name, 'follows', inner),
        )
  return [...inputs.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

function badName(name: string, place: Position, complaints: Complaints): void {
  complaints.error(
    'compile/input-name',
    `'${name}' cannot name an input`,
    place,
    name === 'self'
      ? "'self' is the flake itself: choose another name"
      : 'letters, digits, - and _ only, with a letter first',
  )
}

const inSourceFlake: Position = { file: sourceFlakeFile, document: 0, path: [] }

/** The inputs of the source's own flake. */
function sourceInputs(code: string, complaints: Complaints): readonly FlakeInput[] {
  const { inputs, mistake } = readSourceFlake(code)
  if (mistake)
    complaints.error(
      'compile/source-flake',
      mistake.message,
      { ...inSourceFlake, part: mistake },
      'its inputs are merged into those of the generated flake, its outputs are kept',
    )
  return [...inputs].flatMap(([name, settings]) => {
    for (const [, value] of settings) checkCredentials(String(value), inSourceFlake, complaints)
    if (isName(name)) return [toInput(name, settings)]
    badName(name, inSourceFlake, complaints)
    return []
  })
}

function toInput(name: string, settings: readonly InputSetting[]): FlakeInput {
  let url = ''
  let flake = true
  const follows: Record<string, string> = {}
  const more: InputSetting[] = []
  for (const setting of settings) {
    const [path, value] = setting
    const [first, inner, last] = path
    if (path.length === 1 && first === 'url') url = String(value)
    else if (path.length === 1 && first === 'flake') flake = value === true
    else if (path.length === 3 && first === 'inputs' && last === 'follows')
      follows[inner!] = String(value)
    else more.push(setting)
  }
  return { name, url, flake, follows: clean(follows), ...(more.length > 0 ? { more } : {}) }
}

const isName = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_-]*$/.test(name) && name !== 'self'

function clean(follows: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const known = Object.entries(follows).filter(([, target]) => target !== undefined)
  return Object.fromEntries(known.sort(([a], [b]) => (a < b ? -1 : 1))) as Record<string, string>
}
