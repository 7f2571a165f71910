import { join } from 'node:path'
import { execa } from 'execa'
import { beforeAll, describe, expect, test } from 'vitest'
import { ensureTools } from '../../scripts/setup.ts'
import { moduleCases, type ModuleCase } from './module-cases.ts'

const lib = join(import.meta.dirname, '../../lab/nixpkgs/lib')
const values = moduleCases.filter((one) => one.fails === undefined)
const failures = moduleCases.filter((one) => one.fails !== undefined)

let environment: Record<string, string>
const evaluate = (expression: string) =>
  execa('nix', ['eval', '--impure', '--json', '--show-trace', '--expr', expression], {
    env: environment,
    reject: false,
  })

const scope = (body: string): string => `
  let lib = import ${lib};
  in with lib; ${body}`
const outcome = ({ modules, shows }: ModuleCase): string => `(
  let
    result = lib.evalModules { modules = ${modules}; specialArgs.special = "s"; class = "nixos"; };
    inherit (result) config options;
  in ${shows})`

describe('the module system', () => {
  let results: Record<string, unknown>

  beforeAll(async () => {
    const tools = await ensureTools()
    environment = { PATH: tools.path, ...tools.environment }
    const { stdout, stderr } = await evaluate(scope(`[ ${values.map(outcome).join('\n')} ]`))
    expect(stdout, stderr).not.toBe('')
    const list = JSON.parse(stdout) as unknown[]
    results = Object.fromEntries(values.map((one, index) => [one.does, list[index]]))
  })

  test.each(values)('$does', ({ does, gives }) => expect(results[does]).toEqual(gives))

  test.each(failures)('$does', async (failure) => {
    const { stderr, exitCode } = await evaluate(scope(outcome(failure)))
    expect(exitCode).toBe(1)
    for (const words of [failure.fails!].flat()) expect(flat(stderr)).toContain(flat(words))
  })
})

/** Nix indents the lines of a message. */
const flat = (text: string): string => text.replaceAll(/\s+/g, ' ')
