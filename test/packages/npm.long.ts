import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa, type Options } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cache } from '../../scripts/cache.ts'
import { documented } from './documented.ts'

// As docs/install.md says it: packed, installed from the registry into an empty folder, and used from there.

const checkout = resolve(import.meta.dirname, '../..')
const [pack, install, installForAll, firstSteps, showDemo, ...more] = documented('npm').map(
  ({ text }) => text,
) as [string, string, string, string, string]
const needed = 'nixcluster needs Node 22.12 or later in PATH; found'

/** Everybody may read it; a blank in its name, as people have them. */
const place = join(mkdtempSync(join(tmpdir(), 'nixcluster-npm-')), 'first steps')
const folder = join(place, 'empty')
const home = join(place, 'home')
const node = join(place, 'node')
const program = join(folder, 'node_modules/.bin/nixcluster')
const path = [node, ...process.env['PATH']!.split(delimiter)].filter(
  // What is installed here must do without what a checkout has.
  (entry) => !entry.startsWith(checkout),
)
const npmCache = (await execa('npm', ['config', 'get', 'cache'])).stdout
/** How this machine reaches the registry. */
const network = Object.entries(process.env).filter(([name]) =>
  /^(https?_proxy|no_proxy|node_extra_ca_certs|ssl_cert_\w+|npm_config_registry)$/i.test(name),
)
const env = {
  ...Object.fromEntries(network),
  PATH: path.join(delimiter),
  HOME: home,
  NIXCLUSTER_CACHE: cache,
  npm_config_cache: npmCache,
  npm_config_loglevel: 'error',
  npm_config_prefix: join(place, 'everywhere'),
  npm_config_pack_destination: folder,
}

/** Runs a block of the documentation, or another line of shell, as somebody who has just installed it. */
async function shell(script: string, options: Options = {}) {
  const { stdout, stderr, exitCode } = await execa('sh', ['-euc', script], {
    ...{ cwd: folder, env, extendEnv: false, reject: false, stdin: 'ignore', timeout: 300_000 },
    ...options,
  })
  return { stdout: String(stdout), stderr: String(stderr), exitCode }
}

beforeAll(async () => {
  chmodSync(resolve(place, '..'), 0o755)
  for (const name of [place, folder, home, node]) mkdirSync(name)
  copyFileSync(process.execPath, join(node, 'node'))
  expect(await shell(pack, { cwd: checkout })).toMatchObject({ exitCode: 0 })
  expect(await shell(install)).toMatchObject({ stderr: '', exitCode: 0 })
})

afterAll(() => rmSync(resolve(place, '..'), { recursive: true, force: true }))

test('every block of the documentation is run here', () => expect(more).toEqual([]))

test('what is installed is the package and what it needs, without what only development does', async () => {
  const { version } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8'))
  expect(await shell('npx nixcluster --version')).toEqual({
    stdout: version,
    stderr: '',
    exitCode: 0,
  })
  const modules = await readdir(join(folder, 'node_modules'))
  expect(modules).toContain('bullmq')
  for (const name of ['typescript', 'vitest', 'node', 'prettier'])
    expect(modules).not.toContain(name)
})

test('installed for all, it is in PATH', async () => {
  const used = `${installForAll}\nPATH="$npm_config_prefix/bin:$PATH"\ncd /\nnixcluster --help`
  expect((await shell(used)).stdout).toContain('nixcluster help COMMAND')
})

test('the first steps lead to a rendered flake', async () => {
  const { stdout, exitCode } = await shell(firstSteps)
  expect(exitCode).toBe(0)
  expect(stdout).toContain('2 machines, 1 service')
  expect(stdout).toContain('["vm1"]')
  expect(existsSync(join(folder, 'rendered/flake.nix'))).toBe(true)
})

test('the demo tells what it will do, does it, and ends well', async () => {
  const { stdout, stderr, exitCode } = await shell(showDemo)
  expect(stderr).toBe('')
  const told = [
    'This boots three machines on this one',
    cache,
    'booting web1, web2 and db1',
    '1. A first push only reads the machines',
    'Deployed',
    '2. A branch that changes web1 is answered with a plan',
    '1 of 3 machines changes.',
    '3. The merge deploys web1, and only web1',
    '4. The revert of the merge brings it back',
    '5. A mistake deploys nothing',
    "unknown key 'stateVersoin', did you mean 'stateVersion'?",
    'web1.demo.lab    generation 3',
    'Machines that nothing concerned were not touched',
  ]
  const places = told.map((text) => stdout.indexOf(text))
  expect(places).not.toContain(-1)
  expect(places).toEqual(places.toSorted((a, b) => a - b))
  expect(exitCode).toBe(0)
})

/** What the lab of a process has on this machine. */
async function labOf(owner: number): Promise<{ folder: string; bridge: string } | undefined> {
  for (const name of await readdir('/run/nixcluster-lab').catch(() => [])) {
    if (!name.endsWith('.json')) continue
    const text = await readFile(join('/run/nixcluster-lab', name), 'utf8').catch(() => '{}')
    const lab = JSON.parse(text || '{}')
    if (lab.owner?.startsWith(`${owner} `))
      return { folder: lab.folder, bridge: lab.network.bridge }
  }
  return undefined
}

/** Starts the demo as a terminal does, in a group of its own, and interrupts that once it has said something. */
async function interruptedAfter(
  said: string,
  words: readonly string[] = [],
  before: (lab: { folder: string }) => Promise<void> = async () => {},
) {
  const running = execa(program, ['demo', ...words], {
    ...{ cwd: folder, env, extendEnv: false, reject: false, stdin: 'ignore', detached: true },
  })
  let [told, hasEnded] = ['', false]
  const end = running.finally(() => (hasEnded = true))
  running.stdout.on('data', (part) => (told += String(part)))
  let lab: Awaited<ReturnType<typeof labOf>>
  while (!hasEnded && (lab === undefined || !told.includes(said))) {
    await sleep(50)
    lab = await labOf(running.pid!)
  }
  if (lab !== undefined) await before(lab)
  // Ctrl-C reaches all of the group.
  if (!hasEnded) process.kill(-running.pid!, 'SIGINT')
  const { stdout, stderr, exitCode } = await end
  return { stdout, stderr, exitCode, lab: lab! }
}

const hasLink = (name: string): boolean => spawnSync('ip', ['link', 'show', name]).status === 0

test.each([
  ['while machines boot', 'booting web1'],
  ['in the middle of a deployment', 'deploying '],
])('Ctrl-C %s removes the machines', async (_, said) => {
  const { stdout, stderr, exitCode, lab } = await interruptedAfter(said)
  expect(stdout).toMatch(/\nInterrupted: removing the machines$/)
  expect(stderr).toBe('')
  expect(exitCode).toBe(130)
  expect(existsSync(lab.folder)).toBe(false)
  expect(hasLink(lab.bridge)).toBe(false)
})

test('Ctrl-C while the first setup runs leaves nothing unfinished', async () => {
  const fresh = join(place, 'cache')
  const running = execa(program, ['demo'], {
    ...{ cwd: folder, env: { ...env, NIXCLUSTER_CACHE: fresh }, extendEnv: false },
    ...{ reject: false, stdin: 'ignore', detached: true },
  })
  const unfinished = join(fresh, 'unfinished', String(running.pid), 'base')
  let hasEnded = false
  const end = running.finally(() => (hasEnded = true))
  while (!hasEnded && !existsSync(unfinished)) await sleep(50)
  if (!hasEnded) process.kill(-running.pid!, 'SIGINT')
  const { stdout, stderr, exitCode } = await end
  expect(stderr).toContain(`Debian 12 for the lab's machines by debootstrap into ${fresh}`)
  expect(stdout).toMatch(/\nInterrupted: removing what is unfinished$/)
  expect(exitCode).toBe(130)
  expect(existsSync(unfinished)).toBe(false)
})

test('with --keep it stays up, is pushed to, and ends with Ctrl-C', async () => {
  let answer = ''
  const play = async (running: { folder: string }) => {
    const change = [
      `cd '${running.folder}/fleet'`,
      "sed -i 's/Welcome to web1/Bonjour/' clusters/demo.yaml",
      'git commit --quiet -am Bonjour',
      'git push origin main',
    ]
    answer = (await shell(change.join('\n'))).stderr
  }
  const { stdout, exitCode, lab } = await interruptedAfter('  cd ', ['--keep'], play)
  expect(stdout).toContain(`It stays up until Ctrl-C.`)
  expect(stdout).toContain(`cd ${join(lab.folder, 'fleet')}`)
  expect(answer).toMatch(/Deployed .* to 1 machine in/)
  expect(exitCode).toBe(0)
  expect(existsSync(lab.folder)).toBe(false)
  expect(hasLink(lab.bridge)).toBe(false)
})

test('without root it says so in one line, and what it names instead works', async () => {
  const mine = join(place, 'mine')
  mkdirSync(mine)
  chmodSync(mine, 0o777)
  const nobody = { cwd: mine, uid: 65534, gid: 65534, env: { PATH: env.PATH, HOME: mine } }
  const { stdout, stderr, exitCode } = await shell(`'${program}' demo`, nobody)
  expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 })
  const [, instead] =
    /^nixcluster: the demo cannot run here: machines boot with systemd-nspawn, which needs root\. What works anywhere: (.*)$/.exec(
      stderr,
    )!
  const toured = await shell(
    `PATH="${join(folder, 'node_modules/.bin')}:$PATH"; ${instead}`,
    nobody,
  )
  expect(toured.stdout).toContain('flowchart LR')
  expect(toured.exitCode).toBe(0)
})

/** A Node below 22.12: one of the machine, else Node 20 from the registry, kept in the cache. */
async function oldNode(): Promise<string> {
  const own = process.env['PATH']!.split(delimiter).find((entry) =>
    /^v(\d|1\d|20|21)\./.test(String(spawnSync(join(entry, 'node'), ['--version']).stdout)),
  )
  if (own !== undefined) return own
  const kept = join(cache, 'node-20')
  await execa('npm', ['install', '--prefix', kept, 'node@20', '--allow-scripts=node'])
  return join(kept, 'node_modules/node/bin')
}

test('an old Node is told from in one line, however it is started', async () => {
  const old = await oldNode()
  const withOld = { env: { ...env, PATH: [old, ...path].join(delimiter) } }
  const { stdout: version } = await shell('node --version', withOld)
  expect(version).toMatch(/^v(1\d|20|21)\./)
  const answer = { stdout: '', stderr: `${needed} ${version}`, exitCode: 2 }
  expect(await shell(`'${program}' demo`, withOld)).toEqual(answer)
  expect(await shell('npx nixcluster --version', withOld)).toEqual(answer)
})

test('npm itself warns of an old Node when it installs', async () => {
  const old = await oldNode()
  const { stderr } = await shell(`${install.split('\n')[0]} --dry-run --loglevel=warn`, {
    env: { ...env, PATH: [old, ...path].join(delimiter) },
  })
  expect(stderr).toMatch(/EBADENGINE .*\n.*package: 'nixcluster@/)
  expect(stderr).toContain("required: { node: '>=22.12' }")
})
