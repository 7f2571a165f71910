import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createGit } from '../../src/git/git.ts'
import { TooLargeError } from '../../src/model/errors.ts'
import { protocolOf } from '../../src/git/locked-down.ts'

let folder: string
let remote: string
let home: string

const path = process.env['PATH']!
/** As a person works, with a home of their own. */
const shell = (cwd: string, ...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=dev', '-c', 'user.email=dev@localhost', ...args], {
    cwd,
    encoding: 'utf8',
    env: { PATH: path, HOME: folder, GIT_CONFIG_NOSYSTEM: '1' },
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nixcluster-locked-'))
  remote = join(folder, 'remote')
  home = join(folder, 'home of the controller')
  mkdirSync(home)
  shell(folder, 'init', '-q', '--bare', '-b', 'main', remote)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const open = (env: Record<string, string> = {}) =>
  createGit({
    url: remote,
    mirror: join(folder, 'mirror'),
    env: { PATH: path, HOME: home, ...env },
  })

/** Two branches that both change a file, which `.gitattributes` gives drivers and filters. */
function pushBranches(): { readonly main: string; readonly topic: string } {
  const work = join(folder, 'work')
  shell(folder, 'clone', '-q', remote, work)
  const commit = (text: string, ref: string): string => {
    writeFileSync(join(work, 'a.yaml'), text)
    writeFileSync(
      join(work, '.gitattributes'),
      '* merge=evil filter=evil diff=evil ident export-subst\n',
    )
    shell(work, 'add', '.')
    shell(work, 'commit', '-qm', 'change')
    shell(work, 'push', '-q', 'origin', `HEAD:refs/heads/${ref}`)
    return shell(work, 'rev-parse', 'HEAD')
  }
  const lines = ['one', 'two', 'three', 'four', 'five', 'six', 'seven']
  const first = commit(lines.join('\n'), 'main')
  const main = commit(lines.toSpliced(0, 1, 'ONE').join('\n'), 'main')
  shell(work, 'checkout', '-q', first)
  return { main, topic: commit(lines.toSpliced(6, 1, 'SEVEN').join('\n'), 'topic') }
}

/** Everything that we do with a repository. */
async function doEverything(git: ReturnType<typeof open>): Promise<string> {
  const { main, topic } = pushBranches()
  await git.fetch()
  const merge = await git.mergeTree(main, topic)
  if (merge.kind === 'conflict') throw new Error('two ends of a file do not conflict')
  const entries = await git.readTree(merge.tree)
  const texts = await git.readBlobs(entries.map(({ id }) => id))
  await git.readCommit(topic)
  const commit = await git.writeCommit({
    parents: [main],
    kept: entries,
    files: new Map(),
    message: 'x',
  })
  expect(await git.push('nixcluster/main', commit, undefined)).toBe('pushed')
  expect(await git.remoteTip('nixcluster/main')).toBe(commit)
  expect(await git.defaultBranch()).toBe('main')
  return texts.get(entries.find((entry) => entry.path === 'a.yaml')!.id)!
}

test('settings of the user, attributes of the tree and hooks of the mirror start no program', async () => {
  const marker = join(folder, 'it was run')
  const evil = `touch '${marker}'`
  writeFileSync(
    join(home, '.gitconfig'),
    `[merge "evil"]\n\tdriver = ${evil}\n[filter "evil"]\n\tclean = ${evil}\n\tsmudge = ${evil}\n` +
      `[diff "evil"]\n\ttextconv = ${evil}\n\tcommand = ${evil}\n[diff]\n\texternal = ${evil}\n` +
      `[core]\n\tfsmonitor = ${evil}\n\tpager = ${evil}\n\tsshCommand = ${evil}\n` +
      `[log]\n\tshowSignature = true\n[gpg]\n\tprogram = ${evil}\n` +
      `[url "ext::sh -c ${evil}"]\n\tinsteadOf = ${remote}\n`,
  )
  const hooks = join(folder, 'mirror', 'hooks')
  const git = open()
  await git.fetch()
  mkdirSync(hooks, { recursive: true })
  for (const hook of ['reference-transaction', 'pre-push', 'post-update', 'post-rewrite']) {
    writeFileSync(join(hooks, hook), `#!/bin/sh\n${evil}\n`)
    chmodSync(join(hooks, hook), 0o755)
  }
  expect(await doEverything(git)).toBe('ONE\ntwo\nthree\nfour\nfive\nsix\nSEVEN')
  expect(existsSync(marker)).toBe(false)
})

test('every git gets the same few variables, and no secret unless it talks to the remote', async () => {
  const bin = join(folder, 'bin')
  const seen = join(folder, 'seen')
  mkdirSync(bin)
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim()
  const script = `#!/bin/sh\n{ echo "== $*"; env; } >> '${seen}'\nexec '${real}' "$@"\n`
  writeFileSync(join(bin, 'git'), script, { mode: 0o755 })
  const git = createGit({
    url: remote,
    mirror: join(folder, 'mirror'),
    env: { PATH: `${bin}:${path}`, HOME: home },
    identity: { kind: 'ssh', keyFile: '/run/secrets/the key' },
  })
  await doEverything(git)
  const calls = readFileSync(seen, 'utf8')
    .split(/^== /m)
    .filter((call) => call !== '')
  expect(calls.length).toBeGreaterThan(8)
  // The other side of a remote that is a folder is the operator's own.
  const ours = calls.filter((call) => !/^(upload|receive)-pack /.test(call))
  for (const call of ours) {
    const names = [...call.matchAll(/^(\w+)=/gm)].map(([, name]) => name!)
    const known =
      /^(PATH|HOME|LANG|PWD|OLDPWD|SHLVL|_|GIT_(CONFIG_(NOSYSTEM|GLOBAL|COUNT|(KEY|VALUE)_\d+)|ATTR_NOSYSTEM|TERMINAL_PROMPT|NO_REPLACE_OBJECTS|NO_LAZY_FETCH|ALLOW_PROTOCOL|SSH_COMMAND|TEST_DISALLOW_ABBREVIATED_OPTIONS))$/
    expect(names.filter((name) => !known.test(name))).toEqual([])
    expect(call).toContain('GIT_CONFIG_GLOBAL=/dev/null')
    expect(call).toContain('GIT_ALLOW_PROTOCOL=file\n')
    const talks = /^(fetch|push|ls-remote) /.test(call)
    expect(call.includes('/run/secrets/the key'), call).toBe(talks)
  }
})

test('an address says which protocol may be spoken, and none may name a program', () => {
  const protocols = {
    '/srv/git/fleet.git': 'file',
    'relative/fleet.git': 'file',
    'file:///srv/git/fleet.git': 'file',
    'git@git.example.com:fleet.git': 'ssh',
    'ssh://git@git.example.com/fleet.git': 'ssh',
    'https://git.example.com/fleet.git': 'https',
    'ext::sh -c touch% /tmp/x': undefined,
    'fd::17': undefined,
    'evil://x': undefined,
  }
  for (const [url, protocol] of Object.entries(protocols)) expect(protocolOf(url)).toBe(protocol)
  expect(() => createGit({ url: 'ext::sh -c id', mirror: join(folder, 'm'), env: {} })).toThrow(
    'no address that git is let talk to',
  )
})

test('a tree of billions of files in a few objects is refused, and ends nobody', async () => {
  const blob = execFileSync('git', ['hash-object', '-w', '--stdin'], {
    cwd: remote,
    input: 'x\n',
    encoding: 'utf8',
  }).trim()
  const tree = (lines: readonly string[]): string =>
    execFileSync('git', ['mktree'], { cwd: remote, input: lines.join(''), encoding: 'utf8' }).trim()
  const ten = Array.from({ length: 10 }, (_, n) => n)
  let bomb = tree(ten.map((n) => `100644 blob ${blob}\tf${n}\n`))
  for (let depth = 0; depth < 9; depth++)
    bomb = tree(ten.map((n) => `040000 tree ${bomb}\td${n}\n`))
  const first = shell(remote, 'commit-tree', tree([`100644 blob ${blob}\ta.yaml\n`]), '-m', 'first')
  const head = shell(remote, 'commit-tree', bomb, '-p', first, '-m', 'bomb')
  shell(remote, 'update-ref', 'refs/heads/main', first)
  shell(remote, 'update-ref', 'refs/heads/topic', head)
  const git = open()
  await git.fetch()
  expect(await git.mergeTree(first, head)).toMatchObject({ kind: 'merged' })
  await expect(git.readTree(head)).rejects.toThrow(TooLargeError)
  expect((await git.readTree(first)).map(({ path }) => path)).toEqual(['a.yaml'])
})
