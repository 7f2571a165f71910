import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest'
import { freePort } from '../../lab/port.ts'
import { linked } from '../../scripts/cache.ts'
import { deliver, pullRequest, sign } from '../github/deliveries.ts'
import { startGithub, type GithubStandIn } from '../github/server.ts'
import { writePrograms, type RecordedPrograms } from './programs.ts'
import { attacks, createWriter, honest } from './repository.ts'

// A real controller with a repository to which a stranger makes pull requests. In front of everything on
// PATH stand recording stand-ins: for what must not be run, and a git that notes how it was called.

const project = 'example/fleet'
/** Recognised wherever they turn up. */
const secrets = {
  token: 'ghp_SecretOfTheForge0123456789',
  webhook: 'SecretOfTheWebhook0123456789',
  environment: 'SecretOfTheEnvironment0123456789',
}
const mustNotRun = [
  'nix',
  'nix-store',
  'nix-build',
  'nix-instantiate',
  'ssh',
  'deploy',
  'sh-of-a-stranger',
]

let folder: string
let remote: string
let writer: ReturnType<typeof createWriter>
let main: string
let github: GithubStandIn
let programs: RecordedPrograms
let controller: ChildProcess
let url: string
let log = ''

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nixcluster-hostile-'))
  remote = join(folder, 'fleet.git')
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', remote])
  writer = createWriter(remote)
  main = writer.commit(writer.files(honest))
  writer.ref('refs/heads/main', main)
  github = await startGithub({ project, token: secrets.token, login: 'fleet-bot' })
  programs = writePrograms(folder, mustNotRun)
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  const port = await freePort()
  const config = write(
    'controller.yaml',
    JSON.stringify({
      listen: { port },
      stateDir: 'state',
      poll: 3600,
      ssh: { identityFile: machinesKey() },
      tools: { redisServer: linked('redis-server') ?? 'redis-server' },
      repositories: [
        {
          ...{ name: 'fleet', forge: 'github', url: remote, project, apiUrl: github.url },
          secretFile: write('webhook.secret', secrets.webhook),
          tokenFile: write('github.token', secrets.token),
        },
      ],
    }),
  )
  controller = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', 'src/main.ts', 'serve', '--config', config],
    {
      env: {
        PATH: `${programs.bin}:${process.env['PATH']!}`,
        HOME: folder,
        GITHUB_TOKEN: secrets.environment,
        SSH_AUTH_SOCK: `/run/${secrets.environment}`,
        AWS_SECRET_ACCESS_KEY: secrets.environment,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  controller.stderr!.setEncoding('utf8').on('data', (text: string) => (log += text))
  url = `http://127.0.0.1:${port}`
  await until(() => log.includes('"ready"') || controller.exitCode !== null)
  expect(controller.exitCode, log).toBeNull()
}, 120_000)

afterAll(async () => {
  if (controller.exitCode === null) {
    controller.kill('SIGTERM')
    await until(() => controller.exitCode !== null, 60_000)
  }
  await github.close()
  rmSync(folder, { recursive: true, force: true })
}, 90_000)

const machinesKeyFile = (): string => join(folder, 'machines.key')

function machinesKey(): string {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', machinesKeyFile()])
  return machinesKeyFile()
}

async function until(holds: () => boolean, limitMs = 90_000): Promise<void> {
  const end = Date.now() + limitMs
  while (!holds() && Date.now() < end) await sleep(50)
}

let number = 40

/** A pull request of a stranger; gives what the forge was told of it in the end. */
async function propose(tree: string, branch = 'change') {
  const head = writer.commit(tree, main)
  number += 1
  writer.ref(`refs/pull/${number}/head`, head)
  github.pulls.push({ number, branch, head, base: 'main', from: 'stranger/fleet' })
  const payload = { ...pullRequest(project, 'opened', number), action: 'opened' }
  const { status } = await deliver(url, sign('pull_request', payload, secrets.webhook))
  expect(status).toBe(202)
  const states = (): readonly string[] =>
    github.statuses
      .filter(({ sha, context }) => sha === head && context === 'nixcluster/plan')
      .map(({ state }) => state)
  const said = (): readonly string[] =>
    github.comments.filter(({ issue }) => issue === number).map(({ body }) => body)
  // A plan without Nix stays pending until somebody lets it be evaluated.
  await until(() => states().length > 0 && said().length > 0, 40_000)
  return { state: states().at(-1), said: said().join('\n') }
}

/** What an attack is answered with. */
const answers: Readonly<Record<string, readonly [state: string, words: RegExp]>> = {
  'aliases that multiply': ['failure', /schema\/alias|alias/],
  'brackets without end': ['failure', /schema\/syntax|deep|nest/],
  'a text of nine million characters': ['failure', /characters|large|long/],
  'a list of a hundred thousand entries': ['failure', /./],
  'words of Nix and the shell in values': ['pending', /vm0/],
  'words of Nix and the shell in names': ['failure', /./],
  'code in values': ['pending', /vm0/],
  'paths that leave': ['failure', /compile\/path-outside|leaves the repository/],
  'Nix that wants to run': ['pending', /vm0/],
  'a flake of its own': ['failure', /./],
  'names that nobody can say': ['failure', /compile\/file-name|is called/],
  'names of git itself': ['failure', /compile\/file-name|is called/],
  'a billion files': ['failure', /too large|compile\/too-large/],
  'a submodule': ['pending', /./],
  'pointers of LFS': ['failure', /pointer of Git LFS/],
  'attributes, hooks and settings': ['pending', /./],
  'links that leave': ['failure', /link/],
}

test.each(Object.keys(answers))(
  'a stranger proposes %s: an answer, and nothing is run',
  async (name) => {
    onTestFailed(() => console.error(log.slice(-4000)))
    const [state, words] = answers[name]!
    const tree = attacks(writer)[name]!
    const told = await propose(tree)
    expect(told.state, told.said).toBe(state)
    expect(told.said).toMatch(words)
    // What comes from the change mentions nobody and makes neither links nor pictures.
    expect(told.said).not.toMatch(/@everyone|(?<!\\)<img|(?<!\\)\]\(http:\/\/evil/)
    for (const program of mustNotRun) expect(programs.calls(program)).toEqual([])
    expect(controller.exitCode).toBeNull()
    expect(github.problems).toEqual([])
  },
  120_000,
)

test('a branch of ours cannot be proposed, nor written by whoever proposes', async () => {
  const before = writer.git(['for-each-ref', '--format=%(refname) %(objectname)', 'refs/heads/'])
  const requests = github.statuses.length
  const head = writer.commit(writer.files({ 'machines/x.json': '{}' }), main)
  number += 1
  writer.ref(`refs/pull/${number}/head`, head)
  github.pulls.push({
    number,
    branch: 'nixcluster/state',
    head,
    base: 'nixcluster/main',
    from: 'stranger/fleet',
  })
  const payload = { ...pullRequest(project, 'opened', number), action: 'opened' }
  await deliver(url, sign('pull_request', payload, secrets.webhook))
  await propose(writer.files({ ...honest, 'later.txt': 'x' }))
  expect(github.statuses.slice(requests).filter(({ sha }) => sha === head)).toEqual([])
  expect(writer.git(['for-each-ref', '--format=%(refname) %(objectname)', 'refs/heads/'])).toBe(
    before,
  )
})

test('nothing was made by what was proposed, and no secret is anywhere', () => {
  const calls = programs.calls('git')
  expect(calls.length).toBeGreaterThan(50)
  const everything = [
    log,
    calls.join('\n'),
    ...github.comments.map(({ body }) => body),
    ...github.statuses.map((status) => JSON.stringify(status)),
    ...processesBelow(controller.pid!).map((pid) => readFileSync(`/proc/${pid}/environ`, 'latin1')),
    ...filesBelow(join(folder, 'state')).map((file) => readFileSync(file, 'latin1')),
  ].join('\n')
  expect(everything.length).toBeGreaterThan(100_000)
  const key = readFileSync(machinesKeyFile(), 'utf8').split('\n')[2]!
  for (const [name, secret] of Object.entries({ ...secrets, key })) {
    expect(everything.includes(secret), name).toBe(false)
  }
  const names = filesBelow(folder).map((file) => file.split('/').at(-1))
  expect(names).not.toContain('pwned')
  expect(readdirSync('.')).not.toContain('pwned')
})

/** The processes that came of one, itself left out: it was started with what it must not pass on. */
function processesBelow(parent: number): readonly string[] {
  const children = readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent
    } catch {
      return false
    }
  })
  return children.flatMap((pid) => [pid, ...processesBelow(Number(pid))])
}

const filesBelow = (top: string): readonly string[] =>
  readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
