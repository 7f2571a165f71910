import { expect } from 'vitest'
import { compileTexts, linesOf } from '../compile/fleet.ts'
import { flakeIn, labFlakes } from './nix.ts'

/** The inputs of the lab. */
export const project = `apiVersion: nixcluster/v1
kind: Project
inputs:
${Object.entries(labFlakes)
  .map(([name, url]) => `  ${name}: { url: "${url}" }\n`)
  .join('')}
---
`

/** The flake of a fleet in YAML, with its Nix files; `change` is of the text with its inputs. */
export function flake(
  yaml: string,
  sources: Record<string, string> = {},
  change: (yaml: string) => string = (text) => text,
): ReturnType<typeof flakeIn> {
  const compilation = compileTexts({ 'nixcluster.yaml': change(project + yaml), ...sources })
  expect(linesOf(compilation).filter((line) => line.includes(' error: '))).toEqual([])
  return flakeIn([...Object.entries(sources), ...compilation.rendered!.files])
}

/** A cluster `demo.lab`, and in it what is given, indented by four. */
export function demo(body: string): string {
  return `apiVersion: nixcluster/v1
kind: Domain
suffix: lab
system: x86_64-linux
stateVersion: "25.11"
clusters:
  demo:
${body}`
}

/** An expression over the configuration of a machine of `demo.lab`, as the flake's arguments. */
export function configOf(machine: string, expression: string): [string, string] {
  return [
    `nixosConfigurations."${machine}.demo.lab"`,
    `machine: with machine.config; ${expression}`,
  ]
}
