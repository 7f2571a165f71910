import { Command } from 'commander'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { CliContext } from '../../src/cli/context.ts'
import { register as registerPause } from '../../src/cli/pause.ts'
import { register as registerResume } from '../../src/cli/resume.ts'
import { register as registerRetry } from '../../src/cli/retry.ts'
import { createTerminalAnnounce } from '../../src/jobs/announce-terminal.ts'
import { doCommand } from '../../src/jobs/command.ts'
import { done } from '../../src/jobs/outcome.ts'
import { startWorker } from '../../src/redis/worker.ts'
import { commandedFleet } from '../jobs/commanded-fleet.ts'
import type { SignedCommand } from '../../src/model/ports.ts'
import { readSignedCommand } from '../../src/server/signed-command.ts'
import { silent } from '../redis/redis-of-the-test.ts'
import { secret, startApp } from '../server/app-of-the-test.ts'

/** The real server, queue and worker in front of a fleet without machines; runs words of a command line. */
async function controller({ answers = true } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-send-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'fleet.secret'), `${secret}\n`)
  const limits = { bodyBytes: 10_000, followMs: answers ? 20_000 : 200, followers: 5 }
  const { url, redis, progress } = await startApp({ limits })
  const fleet = await commandedFleet()
  const { clock } = fleet.ports
  const ports = {
    ...fleet.ports,
    announce: createTerminalAnnounce({ progress, clock, log: silent }),
    readCommand: (_: string, signed: SignedCommand) =>
      readSignedCommand(secret, signed, new Date()),
  }
  if (answers) {
    const worker = startWorker({
      ...{ address: redis.address, kinds: ['command'], log: silent },
      handle: (job) =>
        job.kind === 'command' ? doCommand(fleet.repository, job, ports) : Promise.resolve(done),
    })
    onTestFinished(() => worker.close({ machineMs: 1000, othersMs: 1000 }))
  }
  const run = async (...words: string[]) => {
    const result = { stdout: '', stderr: '', code: 0 }
    const context: CliContext = {
      ...{ version: '1.2.3', cwd: folder, colour: false, readPage: () => '' },
      stdout: (text) => void (result.stdout += text),
      stderr: (text) => void (result.stderr += text),
      exit: (code) => void (result.code = code),
    }
    const program = new Command('nixcluster').exitOverride()
    program.configureOutput({ writeErr: context.stderr })
    for (const register of [registerRetry, registerPause, registerResume])
      register(program, context, 'ada')
    const address = ['--url', url, '--repository', 'fleet', '--secret-file', 'fleet.secret']
    await program
      .parseAsync([...words, ...address], { from: 'user' })
      .catch(({ exitCode }) => (result.code = exitCode))
    return result
  }
  return { ...fleet, run }
}

test('a pause is answered with its machines, written down, and ended', async () => {
  const { run, ledger } = await controller()
  expect(await run('pause', 'vm*', '--until', '2099-01-01 08:00')).toEqual({
    stdout: 'vm0, vm1, vm2, vm3, vm4 and vm5 get nothing new until 2099-01-01T08:00:00Z\n',
    ...{ stderr: '', code: 0 },
  })
  expect(ledger.current.pauses).toMatchObject([{ selector: 'vm*', by: 'ada' }])
  expect(await run('resume', 'vm*', '--output', 'json')).toMatchObject({
    ...{ code: 0, stdout: '{\n  "kind": "done",\n  "text": "vm* is not paused any more"\n}\n' },
  })
  expect(ledger.current.pauses).toBeUndefined()
})

test('what the fleet does not know is refused with what was meant, and exit code 1', async () => {
  const { run, ledger } = await controller()
  expect(await run('retry', 'wm0')).toEqual({
    ...{ stdout: '', code: 1 },
    stderr: "nixcluster: no host or service is called 'wm0' here, did you mean 'vm0'?\n",
  })
  expect(await run('retry')).toMatchObject({
    ...{ code: 1, stderr: 'nixcluster: nothing holds any machine\n' },
  })
  expect(ledger.messages).toEqual([])
})

test('a time that is over is no time, and the controller is not asked', async () => {
  const { run, ledger } = await controller()
  const { stderr, code } = await run('pause', 'vm0', '--until', 'yesterday')
  expect(code).not.toBe(0)
  expect(stderr).toContain('It takes a time to come, in UTC where no zone is given: 2h, 3d')
  expect(ledger.messages).toEqual([])
})

test('a controller that does not answer in time is not said to have done it', async () => {
  const { run } = await controller({ answers: false })
  expect(await run('resume')).toMatchObject({
    ...{ code: 2, stdout: '', stderr: expect.stringContaining('has not answered yet') },
  })
})
