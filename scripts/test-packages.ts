import { join } from 'node:path'
import { execa } from 'execa'
import { ensureTools } from './setup.ts'
import { SetupError } from './tool.ts'

// Runs test/packages/*.long.ts: every way of installing, as far as this machine allows.

try {
  const { path, environment } = await ensureTools()
  const { exitCode } = await execa(
    'vitest',
    ['run', '--config', 'test/packages/vitest.config.ts', ...process.argv.slice(2)],
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
