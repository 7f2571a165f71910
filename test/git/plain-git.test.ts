import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parseUpdates } from '../../src/cli/hook.ts'
import { createPlainGit } from '../../src/forge/plain-git.ts'
import { createGit } from '../../src/git/git.ts'
import { createLog } from '../../src/log/log.ts'

/** Real repositories; `logged` is what the forge warned of. */
async function repository(branches: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-plain-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const url = join(folder, 'remote')
  execFileSync('git', ['init', '-q', '--bare', url])
  const git = createGit({
    url,
    mirror: join(folder, 'mirror'),
    env: { PATH: process.env['PATH']! },
  })
  for (const [branch, text] of Object.entries(branches)) {
    const files = new Map([['nixcluster.yaml', text]])
    await git.push(
      branch,
      await git.writeCommit({ parents: [], kept: [], files, message: text }),
      undefined,
    )
  }
  const logged: string[] = []
  const log = createLog({ level: 'info', secrets: [], write: (line) => logged.push(line) })
  /** Git as a person has it, in the repository itself. */
  const inRemote = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=p', '-c', 'user.email=p@example.com', ...args], {
      ...{ cwd: url, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    })
  const push = async (branch: string, text: string): Promise<void> => {
    const tip = await git.remoteTip(branch)
    const parents = tip === undefined ? [] : [tip]
    const files = new Map([['nixcluster.yaml', text]])
    const commit = await git.writeCommit({ parents, kept: [], files, message: text })
    await git.push(branch, commit, tip)
  }
  const forge = createPlainGit({ git, branch: 'main', log })
  const say = async (text: string): Promise<void> => {
    const proposal = await forge.proposal('more')
    await forge.ensureComment(proposal!, { markdown: '', text })
  }
  return { git, forge, logged, folder, url, inRemote, push, say }
}

const notesOf = '--ref=nixcluster'

test('every branch that is neither deployed nor ours is a proposal', async () => {
  const { git, forge } = await repository({
    main: 'deployed',
    'more-storage': 'changed',
    'nixcluster/main': 'generated',
    'nixcluster/state': 'ledger',
  })
  const head = await git.remoteTip('more-storage')
  const expected = {
    id: 'more-storage',
    kind: 'branch',
    branch: 'more-storage',
    head,
    base: 'main',
    trusted: true,
  }
  expect(await forge.proposals()).toEqual([expected])
  expect(await forge.proposal('more-storage')).toEqual(expected)
})

test('no branch of ours, nor the deployed one, nor one that is gone, is a proposal', async () => {
  const { forge } = await repository({ main: 'deployed', 'nixcluster/main': 'generated' })
  for (const id of ['main', 'nixcluster/main', 'gone']) {
    expect(await forge.proposal(id)).toBeUndefined()
  }
})

test('a branch that stands where the deployed one stands proposes nothing', async () => {
  const { git, forge } = await repository({ main: 'deployed' })
  await git.push('fresh', (await git.remoteTip('main'))!, undefined)
  expect(await forge.proposals()).toEqual([])
})

test('the plan is a note on the head, as it was said', async () => {
  const { inRemote, logged, say } = await repository({ main: 'deployed', more: 'changed' })
  await say('plan of more into main\n\n\n  # 1 of 3 machines changes  \n')
  expect(inRemote('notes', notesOf, 'show', 'more')).toBe(
    'plan of more into main\n\n\n  # 1 of 3 machines changes\n',
  )
  expect(inRemote('log', '-1', '--notes=nixcluster', 'more')).toContain('Notes (nixcluster):')
  expect(logged).toEqual([])
})

test('a second plan of a head replaces the first; the same again is not pushed', async () => {
  const { inRemote, say } = await repository({ main: 'deployed', more: 'changed' })
  await say('1 of 3 machines changes')
  await say('nothing changes')
  expect(inRemote('notes', notesOf, 'show', 'more')).toBe('nothing changes\n')
  const tip = inRemote('rev-parse', 'refs/notes/nixcluster')
  await say('nothing changes')
  expect(inRemote('rev-parse', 'refs/notes/nixcluster')).toBe(tip)
})

test('notes of older heads stay, as do those that people write under the same ref', async () => {
  const { inRemote, push, say } = await repository({ main: 'deployed', more: 'changed' })
  await say('the first plan')
  await push('more', 'changed again')
  inRemote('notes', notesOf, 'add', '-m', 'mind the gap', 'main')
  await say('the second plan')
  await say('the third plan')
  const shown = ['more', 'more~1', 'main'].map((one) => inRemote('notes', notesOf, 'show', one))
  expect(shown).toEqual(['the third plan\n', 'the first plan\n', 'mind the gap\n'])
})

test('notes that are deleted at the remote are not brought back', async () => {
  const { inRemote, push, say } = await repository({ main: 'deployed', more: 'changed' })
  await say('the first plan')
  inRemote('update-ref', '-d', 'refs/notes/nixcluster')
  await push('more', 'changed again')
  await say('the second plan')
  expect(inRemote('notes', notesOf, 'list').trim().split('\n')).toHaveLength(1)
})

test('somebody who writes a note at the same moment loses nothing', async () => {
  const { folder, url, inRemote, say } = await repository({ main: 'deployed', more: 'changed' })
  // The first push finds that a person was faster: their note comes between reading and pushing.
  const hook = join(url, 'hooks', 'pre-receive')
  const person = 'git -c user.name=p -c user.email=p@example.com'
  const faster = `${person} notes --ref=nixcluster add -m 'mind the gap' main`
  const once = `[ -e '${folder}/once' ] && exit 0; touch '${folder}/once'`
  // Git keeps what a push brings apart until it is taken.
  writeFileSync(hook, `#!/bin/sh\n${once}\nunset GIT_QUARANTINE_PATH\n${faster}\n`)
  chmodSync(hook, 0o755)
  await say('the plan')
  const shown = ['more', 'main'].map((one) => inRemote('notes', notesOf, 'show', one))
  expect(shown).toEqual(['the plan\n', 'mind the gap\n'])
})

test('a remote that refuses notes is a warning', async () => {
  const { url, logged, say } = await repository({ main: 'deployed', more: 'changed' })
  const hook = join(url, 'hooks', 'pre-receive')
  writeFileSync(hook, '#!/bin/sh\necho branches only >&2\nexit 1\n')
  chmodSync(hook, 0o755)
  await say('the plan')
  expect(logged).toHaveLength(1)
  expect(logged[0]).toContain('the plan is not in refs/notes/nixcluster')
})

test('the post-receive hook passes a push of notes by', async () => {
  const { folder, url, say } = await repository({ main: 'deployed', more: 'changed' })
  const hook = join(url, 'hooks', 'post-receive')
  writeFileSync(hook, `#!/bin/sh\ncat >> '${folder}/updates'\n`)
  chmodSync(hook, 0o755)
  await say('the plan')
  const updates = readFileSync(join(folder, 'updates'), 'utf8')
  expect(updates).toMatch(/ refs\/notes\/nixcluster\n$/)
  expect(parseUpdates(updates)).toEqual([])
})
