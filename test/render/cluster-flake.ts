import { expect } from 'vitest'
import { compile } from '../../src/compile/compile.ts'
import { flakeOf, labFlakes } from './nix.ts'

/** The flake of a cluster `example.com` whose body is given, with files of the repository. */
export function flakeOfCluster(
  body: string,
  sources: Readonly<Record<string, string>> = {},
  inputs: Readonly<Record<string, string>> = {},
): ReturnType<typeof flakeOf> {
  const text = `apiVersion: nixcluster/v1
kind: Project
inputs: ${JSON.stringify(Object.fromEntries(Object.entries({ ...labFlakes, ...inputs }).map(([name, url]) => [name, { url }])))}
---
apiVersion: nixcluster/v1
kind: Domain
suffix: com
system: x86_64-linux
stateVersion: "25.11"
---
apiVersion: nixcluster/v1
kind: Cluster
name: example.com
${body}`
  const texts = new Map([['nixcluster.yaml', text]])
  const { inventory, diagnostics } = compile({ texts, paths: new Set(Object.keys(sources)) })
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([])
  return flakeOf(inventory!, { ...sources })
}
