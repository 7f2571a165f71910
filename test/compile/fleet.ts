import { expect } from 'vitest'
import { compile } from '../../src/compile/compile.ts'
import type { Compilation } from '../../src/model/compilation.ts'
import type { Inventory } from '../../src/model/inventory.ts'

/** Compiles texts as they would stand in a repository; `files` are paths without text. */
export function compileTexts(
  texts: Readonly<Record<string, string>>,
  files: readonly string[] = [],
): Compilation {
  const paths = new Set([...Object.keys(texts), ...files])
  return compile({ texts: new Map(Object.entries(texts)), paths })
}

/** A domain `com`, and below `example.com` what is given, indented by two. */
export function cluster(body: string): string {
  return `apiVersion: nixcluster/v1
kind: Domain
suffix: com
system: x86_64-linux
---
apiVersion: nixcluster/v1
kind: Cluster
name: example.com
${body}`
}

/** Diagnostics as lines, those of the lock left out, and that machines are reached by their names. */
export function linesOf({ diagnostics }: Compilation): string[] {
  return diagnostics
    .filter(({ code }) => !code.startsWith('lock/') && code !== 'compile/target-host')
    .map(
      ({ file, line, column, severity, message, code }) =>
        `${file}:${line}:${column} ${severity}: ${message} [${code}]`,
    )
}

/** The diagnostics of one file `a.yaml`, with lines counted from the first line of what is given. */
export function problems(body: string, files: readonly string[] = []): string[] {
  const heads = cluster('').split('\n').length - 1
  return linesOf(compileTexts({ 'nixcluster.yaml': cluster(body) }, files)).map((line) =>
    line.replace(/^nixcluster\.yaml:(\d+):/, (_, number) => `${Number(number) - heads}:`),
  )
}

/** The inventory of a cluster `example.com`; fails the test when there are errors. */
export function inventoryOf(body: string, files: readonly string[] = []): Inventory {
  const compilation = compileTexts({ 'nixcluster.yaml': cluster(body) }, files)
  expect(linesOf(compilation).filter((line) => line.includes(' error: '))).toEqual([])
  return compilation.inventory!
}

/** Four machines vm0 to vm3 at 10.0.0.1 to 10.0.0.4, the first two tagged rack-a. */
export const vms = `machines:
  vm0: { tags: [rack-a], interfaces: { eno1: { addresses: [10.0.0.1/24, "fd00::1/64"] } } }
  vm1: { tags: [rack-a, ssd], interfaces: { eno1: { addresses: [10.0.0.2/24] } } }
  vm2: { interfaces: { eno1: { addresses: [10.0.0.3/24] } } }
  vm3: { interfaces: { eno1: { dhcp: true } } }
`
