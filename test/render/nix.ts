import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { labInputs } from '../../lab/inputs.ts'
import { cache, linked } from '../../scripts/cache.ts'
import { nixEnvironment } from '../../scripts/nix.ts'
import type { Inventory } from '../../src/model/inventory.ts'
import { renderTree } from '../../src/render/tree.ts'

const env = { ...process.env, ...(await nixEnvironment()) }
const stored = await labInputs({ activate: linked('activate')!, cache })

/** The lab's stand-ins, in place of the public inputs. */
export const labFlakes = { nixpkgs: stored.nixpkgs, 'deploy-rs': stored.deployRs }

/** Runs Nix and gives what it prints; throws with its error text. */
export function runNix(...words: string[]): string {
  return execFileSync(linked('nix')!, words, { env, encoding: 'utf8', stdio: 'pipe' })
}

/** Gives the value of a Nix expression. */
export function evaluate(expression: string): unknown {
  return JSON.parse(runNix('eval', '--impure', '--json', '--expr', expression))
}

/** A folder that goes away with the test. */
export function folderOf(files: Iterable<readonly [string, string]>): string {
  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-render-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

type Flake = (attribute: string, apply?: string) => unknown

/** The locked flake of a fleet, with the source files that it refers to. */
export function flakeOf(inventory: Inventory, sources: Record<string, string> = {}): Flake {
  return flakeIn([...Object.entries(sources), ...renderTree(inventory).files])
}

/** The locked flake that these files are. */
export function flakeIn(files: Iterable<readonly [string, string]>): Flake {
  const folder = folderOf(files)
  runNix('flake', 'lock', `path:${folder}`)
  return (attribute, apply = 'value: value') =>
    JSON.parse(runNix('eval', '--json', `path:${folder}#${attribute}`, '--apply', apply))
}
