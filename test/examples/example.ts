import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { readFolder } from '../../src/cli/folder.ts'
import { compile } from '../../src/compile/compile.ts'
import type { Diagnostic } from '../../src/model/diagnostic.ts'
import type { Inventory } from '../../src/model/inventory.ts'
import { labFlakes, runNix } from '../render/nix.ts'

const examples = join(import.meta.dirname, '../../examples')
const lab = join(import.meta.dirname, '../../lab')

/** A repository below `examples/`, compiled and rendered. */
export interface Example {
  /** But for the lock that only somebody with a network can write. */
  readonly diagnostics: readonly Diagnostic[]
  readonly inventory: Inventory
  readonly rendered: ReadonlyMap<string, string>
  /** Evaluates an attribute of its flake, with the lab's stand-ins in place of the public inputs. */
  evaluate(attribute: string, apply?: string): unknown
  /** Evaluates an expression over a machine's configuration. */
  configOf(machine: string, expression: string): unknown
  remove(): void
}

/** Compiles an example; throws when it has errors. */
export async function openExample(name: string): Promise<Example> {
  const source = join(examples, name)
  const { diagnostics, inventory, rendered } = compile(await readFolder(source))
  if (!inventory || !rendered) throw new Error(JSON.stringify(diagnostics, undefined, 2))
  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-example-'))
  cpSync(source, folder, { recursive: true })
  for (const [path, text] of rendered.files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const overrides = inventory.inputs.flatMap(({ name: input }) => [
    '--override-input',
    input,
    standIn(input),
  ])
  runNix('flake', 'lock', `path:${folder}`, ...overrides)
  const evaluate: Example['evaluate'] = (attribute, apply = 'value: value') =>
    JSON.parse(runNix('eval', '--json', `path:${folder}#${attribute}`, '--apply', apply))
  return {
    diagnostics: diagnostics.filter(({ code }) => code !== 'lock/missing'),
    inventory,
    rendered: rendered.files,
    evaluate,
    configOf: (machine, expression) =>
      evaluate(`nixosConfigurations."${machine}"`, `machine: with machine.config; ${expression}`),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function standIn(input: string): string {
  const known = (labFlakes as Record<string, string>)[input]
  if (known !== undefined) return known
  if (!existsSync(join(lab, input, 'flake.nix'))) throw new Error(`no stand-in for ${input}`)
  return `path:${join(lab, input)}`
}
