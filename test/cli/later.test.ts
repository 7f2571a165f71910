import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { beforeAll, expect, onTestFailed, onTestFinished, test } from 'vitest'
import { freePort } from '../../lab/port.ts'
import { ensureTools } from '../../scripts/setup.ts'

const program = join(import.meta.dirname, '../../bin/nixcluster')
let tools: Awaited<ReturnType<typeof ensureTools>>

beforeAll(async () => {
  tools = await ensureTools()
})

interface Line {
  readonly level: string
  readonly text: string
}

const ready = '"ready":true'

/** A controller that polls four times a second, and what it says. */
async function startController(settings = '', wrapper: readonly string[] = []) {
  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-later-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'state'))
  writeFileSync(join(folder, 'secret'), '0123456789abcdef\n', { mode: 0o600 })
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: folder, encoding: 'utf8' })
  git('init', '-q', '--bare', '-b', 'main', 'fleet.git')
  const port = await freePort()
  writeFileSync(
    join(folder, 'controller.yaml'),
    `listen: { port: ${port} }
stateDir: state
poll: 250ms
${settings}
repositories: [{ name: fleet, url: fleet.git, branch: main, secretFile: secret }]
`,
  )
  const [command = '', ...args] = [...wrapper, program, 'serve', '--config', 'controller.yaml']
  const env = { ...tools.environment, HOME: folder, PATH: tools.path }
  const child = spawn(command, args, { cwd: folder, env, stdio: ['ignore', 'inherit', 'pipe'] })
  let said = ''
  child.stderr.on('data', (text) => (said += text))
  onTestFailed(() => console.error(said))
  const ended = once(child, 'exit')
  onTestFinished(async () => {
    child.kill()
    await ended
  })
  const page = async (name: string): Promise<string> =>
    fetch(`http://127.0.0.1:${port}/${name}`).then(
      (answer) => answer.text(),
      () => 'nobody answers',
    )
  const readyz = () => page('readyz')
  await until(async () => (await readyz()).includes(ready))
  return {
    ...{ folder, child, git, readyz, metrics: () => page('metrics') },
    lines: (): readonly Line[] =>
      said
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line.replaceAll(folder, '.')) as Line),
  }
}

type Controller = Awaited<ReturnType<typeof startController>>

const troubles = ({ lines }: Controller): readonly string[] =>
  lines()
    .filter(({ level }) => level === 'warn' || level === 'error')
    .map(({ text }) => text)

const says = ({ lines }: Controller, words: string): boolean =>
  lines().some(({ text }) => text.includes(words))

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('waited in vain')
}

/** Several polls. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 2_500))

/** A push to the deployed branch that has a mistake: that is told by whoever has looked at it. */
function push({ git, folder }: Controller): void {
  writeFileSync(join(folder, 'nixcluster.yaml'), 'machines: { vm0: {} }\n')
  const there = ['--git-dir', 'fleet.git', '--work-tree', folder]
  const as = ['-c', 'user.name=a', '-c', 'user.email=a@example.com']
  git(...there, 'add', 'nixcluster.yaml')
  git(...there, ...as, 'commit', '-q', '-m', 'change')
}

const lookedAt = 'the tip has mistakes'

/** Each thing is said once. */
function expectNothingTwice(told: readonly string[]): void {
  expect(told.filter((text, index) => told.indexOf(text) < index)).toEqual([])
}

test(
  'a disk that fills up is told once, and work goes on when there is room again',
  { timeout: 60_000 },
  async () => {
    const mount = 'mount -t tmpfs -o size=32m none state && exec "$@"'
    const controller = await startController('', [
      ...['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', mount, 'sh'],
    ])
    // The mount is the controller's own: by way of its process it is seen from here.
    const state = `/proc/${controller.child.pid}/root${controller.folder}/state`
    execFileSync('sh', ['-c', `cat /dev/zero > ${state}/filler 2>/dev/null || true`])
    push(controller)
    await until(() => says(controller, 'the disk') || says(controller, 'a disk that is full'))
    expect(await controller.readyz()).toContain('["the state folder cannot be written (ENOSPC)"]')
    await aWhile()
    const told = troubles(controller)
    expect(told.filter((text) => text.includes('disk'))).toEqual([
      './state is on a disk that is full (ENOSPC); make room: mirrors and logs are kept there: jobs wait for it',
    ])
    expectNothingTwice(told)
    expect(says(controller, lookedAt)).toBe(false)

    rmSync(join(state, 'filler'))
    await until(async () => (await controller.readyz()).includes(ready))
    await until(() => says(controller, lookedAt))
    expect(says(controller, 'the state folder can be written again')).toBe(true)
  },
)

async function startRedis(): Promise<{ port: number; process: ChildProcess; client: Redis }> {
  const port = await freePort()
  const process = spawn(tools.redisServer, ['--port', `${port}`, '--save', ''], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void process.kill())
  for await (const text of process.stdout) if (`${text}`.includes('Ready to accept')) break
  const client = new Redis(port)
  client.on('error', () => undefined)
  onTestFinished(() => client.disconnect())
  return { port, process, client }
}

test(
  'a Redis that begins to ask for a password is told once, and work goes on without it',
  { timeout: 60_000 },
  async () => {
    const { port, client } = await startRedis()
    const controller = await startController(`redis: { url: "redis://127.0.0.1:${port}" }`)
    await client.config('SET', 'requirepass', 'f2c7a1d98b3e4f60')
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await until(async () => (await controller.readyz()).includes('["Redis does not answer"]'))
    await until(() => says(controller, 'Redis asks for one'))
    await aWhile()
    const told = troubles(controller)
    expect(told.filter((text) => text.includes('asks for one'))).toEqual([
      'Redis is away, jobs wait: password: Redis asks for one; write it to a file that only the controller can read, and name that as redis.passwordFile',
    ])
    expectNothingTwice(told)

    await client.config('SET', 'requirepass', '')
    await until(async () => (await controller.readyz()).includes(ready))
    expect(says(controller, 'Redis is back')).toBe(true)
    push(controller)
    await until(() => says(controller, lookedAt))
  },
)

test('SIGTERM ends it while Redis is away, too', { timeout: 60_000 }, async () => {
  const { port, process } = await startRedis()
  const controller = await startController(`redis: { url: "redis://127.0.0.1:${port}" }`)
  process.kill('SIGKILL')
  await until(async () => (await controller.readyz()).includes('["Redis does not answer"]'))
  controller.child.kill('SIGTERM')
  expect(await once(controller.child, 'exit')).toEqual([0, null])
})

test(
  'a repository that goes away is told once, and is looked at when it is back',
  { timeout: 60_000 },
  async () => {
    const controller = await startController()
    const at = (name: string): string => join(controller.folder, name)
    renameSync(at('fleet.git'), at('gone.git'))
    await until(() => says(controller, 'did not come through'))
    await aWhile()
    const told = troubles(controller)
    expect(told).toContain('look did not come through')
    expectNothingTwice(told)
    expect(await controller.readyz()).toContain(ready)

    renameSync(at('gone.git'), at('fleet.git'))
    await until(() => says(controller, 'comes through again'))
    push(controller)
    await until(() => says(controller, lookedAt))
  },
)

test('a log on a disk that is full ends nothing', async () => {
  const controller = await startController('log: { level: debug }', [
    ...['sh', '-c', 'exec "$@" 2>/dev/full', 'sh'],
  ])
  push(controller)
  await until(async () =>
    /_count\{kind="publish",outcome="done"\} \d/.test(await controller.metrics()),
  )
  expect(await controller.readyz()).toContain(ready)
})
