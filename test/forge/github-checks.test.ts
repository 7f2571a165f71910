import { expect, test } from 'vitest'
import type { Check } from '../../src/model/forge.ts'
import { openGithub } from './github-site.ts'

const many: Check = {
  ...{ name: 'nixcluster', state: 'failure', title: 'many mistakes', summary: 'There are many.' },
  annotations: Array.from({ length: 120 }, (_, index) => ({
    ...{ file: 'nixcluster.yaml', line: index + 1, endLine: index + 1, severity: 'warning' },
    ...{ title: 'schema/unknown-key', message: `mistake ${index}` },
  })),
}

test('a check that breaks off between its batches goes on where it did', async () => {
  const { github, forge, proposal } = await openGithub({ as: 'app' })
  github.failWhen((request) => request.startsWith('PATCH'), 502)
  await expect(forge.ensureCheck(proposal.head, many)).rejects.toMatchObject({ status: 502 })
  expect(github.checkRuns).toMatchObject([{ status: 'in_progress', conclusion: null }])
  await forge.ensureCheck(proposal.head, many)
  expect(github.checkRuns).toHaveLength(1)
  const [run] = github.checkRuns
  expect(run).toMatchObject({ status: 'completed', conclusion: 'failure' })
  expect(run?.annotations.map(({ message }) => message)).toEqual(
    many.annotations.map(({ message }) => message),
  )
})

test('a check that somebody wants again is ended again', async () => {
  const { github, forge, proposal } = await openGithub({ as: 'app' })
  await forge.ensureCheck(proposal.head, many)
  // As GitHub does it.
  Object.assign(github.checkRuns[0]!, { status: 'queued', conclusion: null })
  await forge.ensureCheck(proposal.head, many)
  expect(github.checkRuns).toMatchObject([{ status: 'completed', conclusion: 'failure' }])
  expect(github.checkRuns[0]?.annotations).toHaveLength(120)
})

test('a check whose annotations stay is changed in place', async () => {
  const { github, forge, proposal } = await openGithub({ as: 'app' })
  const none = { ...many, annotations: [] }
  await forge.ensureCheck(proposal.head, { ...none, state: 'neutral' })
  await forge.ensureCheck(proposal.head, none)
  await forge.ensureCheck(proposal.head, many)
  await forge.ensureCheck(proposal.head, { ...many, summary: 'There still are many.' })
  expect(github.checkRuns).toHaveLength(1)
  const [run] = github.checkRuns
  expect(run).toMatchObject({ conclusion: 'failure', summary: 'There still are many.' })
  expect(run?.annotations).toHaveLength(120)
})

test('what is too long for GitHub is cut', async () => {
  const { github, forge, proposal } = await openGithub({ as: 'app' })
  const long = {
    ...many,
    title: 'ä'.repeat(300),
    summary: 'ä line of the summary\n'.repeat(5000),
    annotations: [{ ...many.annotations[0]!, title: 'ö'.repeat(300), message: '€'.repeat(70_000) }],
  }
  await forge.ensureCheck(proposal.head, long)
  const [{ title, summary, annotations } = { title: '', summary: '', annotations: [] }] =
    github.checkRuns
  expect([...title]).toHaveLength(255)
  expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(65_535)
  expect(summary).toMatch(/of the summary\n\n\*It ends here\.\*$/)
  expect([...(annotations[0]?.title ?? '')]).toHaveLength(255)
  expect(Buffer.byteLength(annotations[0]?.message ?? '')).toBeLessThanOrEqual(65_535)
  expect(annotations[0]?.message).toMatch(/^€+$/)
})

test('a token writes no check, and asks for none', async () => {
  const { github, forge, proposal } = await openGithub()
  await forge.ensureCheck(proposal.head, many)
  expect(github.requests).toEqual([])
})
