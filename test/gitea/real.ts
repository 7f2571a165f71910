import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { giteaHome, giteaProgram } from '../../scripts/gitea.ts'

/** A real Gitea with an administrator and nobody else. */
export interface RealGitea {
  /** Of its pages, without a slash at the end. */
  readonly url: string
  /** Asks its API as its administrator, in the name of `as` where that is given; throws what it refuses. */
  ask<Data = unknown>(method: string, path: string, body?: object, as?: string): Promise<Data>
  /** Adds a user, and gives a token with no more rights than these. */
  addUser(login: string, scopes?: readonly string[]): Promise<string>
  stop(): Promise<void>
}

/** Everybody's. */
export const password = 'secret-0123456789'

/** Starts one on a free port, with everything that it writes in a folder of its own. */
export async function startRealGitea(): Promise<RealGitea> {
  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-gitea-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const settings = join(folder, 'app.ini')
  writeFileSync(settings, appIni(folder, url, port))
  mkdirSync(join(folder, 'home'))
  const env = { PATH: process.env['PATH'], HOME: join(folder, 'home') }
  const server = spawn(giteaProgram, ['--config', settings, 'web'], { env, stdio: 'ignore' })
  const ended = once(server, 'exit')
  const stop = async (): Promise<void> => {
    server.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await answering(`${url}/api/v1/version`, () => server.exitCode === null)
    const admin = (...words: string[]): string =>
      execFileSync(giteaProgram, ['--config', settings, 'admin', 'user', ...words], {
        ...{ env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
      }).trim()
    admin(
      ...['create', '--admin', '--username', 'manager', '--email', 'manager@example.com'],
      ...['--password', password, '--must-change-password=false'],
    )
    const made = admin(
      ...['generate-access-token', '--username', 'manager', '--scopes', 'all', '--raw'],
    )
    // Its log begins on the same stream.
    const token = made.split('\n').at(-1) ?? ''
    return { url, ...manage(url, token), stop }
  } catch (error) {
    const said = readFileSync(join(folder, 'log', 'gitea.log'), { encoding: 'utf8', flag: 'a+' })
    await stop()
    throw new Error(`Gitea does not come up: ${said}`, { cause: error })
  }
}

function manage(url: string, token: string): Pick<RealGitea, 'ask' | 'addUser'> {
  const request = async (method: string, path: string, headers: object, body?: object) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text === '' ? undefined : (JSON.parse(text) as unknown)
  }
  const ask: RealGitea['ask'] = async <Data>(
    method: string,
    path: string,
    body?: object,
    as?: string,
  ) => {
    const name = as === undefined ? {} : { sudo: as }
    return (await request(method, path, { authorization: `token ${token}`, ...name }, body)) as Data
  }
  return {
    ask,
    async addUser(login, scopes = []) {
      const email = `${login}@example.com`
      const user = { username: login, email, password, must_change_password: false }
      await ask('POST', '/admin/users', user)
      if (scopes.length === 0) return ''
      const authorization = `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`
      const wanted = { name: 'nixcluster', scopes }
      const path = `/users/${login}/tokens`
      const made = await request('POST', path, { authorization }, wanted)
      return (made as { readonly sha1: string }).sha1
    },
  }
}

/** Nothing of it is reached from elsewhere, and it reaches nothing but this machine. */
function appIni(folder: string, url: string, port: number): string {
  // It asks whoever is root for these words; here is nobody who could come in.
  const asRoot =
    process.getuid?.() === 0 ? 'I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true\nRUN_USER = root\n' : ''
  return `${asRoot}WORK_PATH = ${folder}
RUN_MODE = prod
[server]
PROTOCOL = http
HTTP_ADDR = 127.0.0.1
HTTP_PORT = ${port}
ROOT_URL = ${url}/
STATIC_ROOT_PATH = ${giteaHome}
DISABLE_SSH = true
OFFLINE_MODE = true
[database]
DB_TYPE = sqlite3
PATH = ${folder}/gitea.db
[security]
INSTALL_LOCK = true
[service]
DISABLE_REGISTRATION = true
[log]
MODE = file
LEVEL = Warn
ROOT_PATH = ${folder}/log
[webhook]
ALLOWED_HOST_LIST = loopback
[api]
MAX_RESPONSE_ITEMS = 2
[indexer]
ISSUE_INDEXER_TYPE = db
[actions]
ENABLED = false
`
}

/** A port of this machine that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function answering(url: string, lives: () => boolean): Promise<void> {
  for (const until = Date.now() + 120_000; Date.now() < until; await pause(100)) {
    if (!lives()) throw new Error('it ended')
    const answer = await fetch(url).catch(() => undefined)
    if (answer?.ok) return
  }
  throw new Error('it does not answer')
}
