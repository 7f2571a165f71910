import { runGroup } from './run-group.ts'

// Runs test/packages/*.long.ts: every way of installing, as far as this machine allows.

await runGroup('test/packages')
