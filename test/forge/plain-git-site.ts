import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPlainGit } from '../../src/forge/plain-git.ts'
import { createGit } from '../../src/git/git.ts'
import type { Forge } from '../../src/model/forge.ts'
import { silent } from '../redis/redis-of-the-test.ts'
import type { ForgeSite } from './conformance.ts'

/** A bare repository and real git, seen as any forge. */
export async function startPlainGitSite(): Promise<ForgeSite> {
  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-forge-'))
  const url = join(folder, 'remote')
  execFileSync('git', ['init', '-q', '--bare', url])
  let mirrors = 0
  const env = { PATH: process.env['PATH']! }
  const create = (): Forge => {
    const mirror = join(folder, `mirror-${++mirrors}`)
    return createPlainGit({ git: createGit({ url, mirror, env }), branch: 'main', log: silent })
  }
  const inRemote = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=p', '-c', 'user.email=p@example.com', ...args], {
      ...{ cwd: url, encoding: 'utf8' },
    }).trim()
  let commits = 0
  /** An empty commit on top of another one, at the tip of a branch. */
  const commit = (branch: string, parent?: string): string => {
    const tree = inRemote('hash-object', '-w', '-t', 'tree', '/dev/null')
    const from = parent === undefined ? [] : ['-p', parent]
    const made = inRemote('commit-tree', tree, ...from, '-m', `commit ${++commits}`)
    inRemote('update-ref', `refs/heads/${branch}`, made)
    return made
  }
  commit('main')
  const missing = (): Promise<never> => Promise.reject(new Error('plain git has no such thing'))
  return {
    forge: create(),
    restarted: create,
    open: async ({ branch }) => ({ id: branch, head: commit(branch, 'main') }),
    push: async (id) => commit(id, id),
    close: async (id) => void inRemote('update-ref', '-d', `refs/heads/${id}`),
    async merge(id) {
      inRemote('update-ref', 'refs/heads/main', id)
      return inRemote('rev-parse', 'main')
    },
    enqueue: missing,
    comment: missing,
    async comments(id) {
      const notes = inRemote('notes', '--ref=nixcluster', 'list')
      const head = inRemote('rev-parse', id)
      if (!notes.includes(head)) return []
      return [{ ours: true, body: inRemote('notes', '--ref=nixcluster', 'show', head) }]
    },
    reactions: missing,
    permit: missing,
    setPrivate: missing,
    statuses: missing,
    checks: missing,
    deployments: missing,
    loseDelivery: missing,
    // A note is a commit; the first is what is said.
    writes: async () =>
      inRemote('for-each-ref', 'refs/notes/') === ''
        ? 0
        : Number(inRemote('rev-list', '--count', 'refs/notes/nixcluster')),
    stop: async () => rmSync(folder, { recursive: true, force: true }),
  }
}
