import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Config } from '../config/config.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { Role } from '../model/role.ts'
import type { CliContext } from './context.ts'
import { couldNotRun } from './output.ts'

/** The controller's settings as `--config` and the environment have them. */
export interface ReadSettings {
  /** Absent where something is wrong with them. */
  readonly config?: Config
  readonly diagnostics: readonly Diagnostic[]
  /** All that must not be said anywhere. */
  readonly secrets: readonly string[]
}

/** Reads them for these roles; undefined, with a line and exit code 2, where the file cannot be read. */
export async function readSettings(
  configFile: string | undefined,
  roles: readonly Role[],
  context: CliContext,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ReadSettings | undefined> {
  const file = resolve(context.cwd, configFile ?? 'controller.yaml')
  // The environment may say it all.
  const mayLack = configFile === undefined && env['NIXCLUSTER_REPOSITORIES_0_URL'] !== undefined
  const { text, missing } = readText(file)
  if (missing !== undefined && !mayLack) {
    couldNotRun(context, new Error(`the settings ${file} cannot be read (${missing})`))
    return undefined
  }
  // Whoever only asks for help does not need it.
  const { readConfig, secretsOf } = await import('../config/config.ts')
  const { config, diagnostics } = readConfig({
    ...{ file, text, env, roles },
    readFile: (path) => ({ text: readFileSync(path, 'utf8'), mode: statSync(path).mode }),
  })
  return config === undefined
    ? { diagnostics, secrets: [] }
    : { config, diagnostics, secrets: secretsOf(config) }
}

function readText(file: string): { readonly text?: string; readonly missing?: string } {
  try {
    return { text: readFileSync(file, 'utf8') }
  } catch (error) {
    return { missing: (error as NodeJS.ErrnoException).code ?? String(error) }
  }
}
