import { join } from 'node:path'
import { execa } from 'execa'
import { ensureTools } from './setup.ts'
import { SetupError } from './tool.ts'

/**
 * Runs a group of tests that `npm test` leaves out, by the settings in its folder, with the tools of the setup
 * and the arguments of this process; `prepare` brings what it needs besides. Ends with vitest's exit code.
 */
export async function runGroup(folder: string, prepare?: () => Promise<void>): Promise<void> {
  try {
    const { path, environment } = await ensureTools()
    await prepare?.()
    const { exitCode } = await execa(
      'vitest',
      ['run', '--config', join(folder, 'vitest.config.ts'), ...process.argv.slice(2)],
      {
        ...{ cwd: join(import.meta.dirname, '..'), preferLocal: true, stdio: 'inherit' },
        ...{ env: { ...environment, PATH: path }, reject: false },
      },
    )
    process.exitCode = exitCode ?? 1
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}
