import { expect, test } from 'vitest'
import { isCommand } from '../../src/forge/comment.ts'
import { createGithub } from '../../src/forge/github.ts'
import { openGithub, project } from './github-site.ts'

test.each([
  ['/nixcluster plan', true],
  ['/NixCluster', true],
  ['\r\n \t/nixcluster\tplan', true],
  ['/nixcluster: plan', true],
  ['/nixclusters', false],
  ['/nixcluster-plan', false],
  ['> /nixcluster plan', false],
  ['please /nixcluster plan', false],
  ['please\n/nixcluster plan', false],
  ['', false],
])('%j tells us something: %j', (body, is) => {
  expect(isCommand(body)).toBe(is)
})

test('a comment with the old marker is found, and says of no head', async () => {
  const { github, forge, proposal } = await openGithub()
  github.comment(7, 'fleet-bot', '<!-- nixcluster:plan -->\nan old plan')
  github.comment(7, 'alice', '/nixcluster approve')
  const [command] = await forge.commands(proposal)
  expect(command).not.toHaveProperty('planned')
  await forge.ensureComment(proposal, { markdown: 'the plan', text: '' })
  expect(github.comments).toHaveLength(2)
  expect(github.comments[0]?.body).toBe(`<!-- nixcluster:plan ${proposal.head} -->\nthe plan`)
})

test('a command of the same second as our edit is about no head that is known', async () => {
  const { github, forge, proposal } = await openGithub()
  await forge.ensureComment(proposal, { markdown: 'the plan', text: '' })
  const command = github.comment(7, 'alice', '/nixcluster approve')
  github.comments[0]!.updatedAt = command.createdAt!
  expect((await forge.commands(proposal))[0]).not.toHaveProperty('planned')
})

test('programs tell us nothing, and neither do we', async () => {
  const { github, forge, proposal } = await openGithub()
  github.comment(7, 'robot[bot]', '/nixcluster deploy', 'Bot')
  github.comment(7, 'fleet-bot', '/nixcluster deploy')
  expect(await forge.commands(proposal)).toEqual([])
})

test('what the account of plan has written is ours: an approval means its head, and it is edited', async () => {
  const { github, client, proposal } = await openGithub()
  github.comment(7, 'fleet-plan', `<!-- nixcluster:plan ${proposal.head} -->\nthe plan`)
  github.comments[0]!.updatedAt = '2020-01-01T00:00:00Z'
  github.comment(7, 'alice', '/nixcluster approve')
  const alone = createGithub(client, 'main')
  expect((await alone.commands(proposal))[0]).not.toHaveProperty('planned')
  const forge = createGithub(client, 'main', 'fleet-plan')
  expect(await forge.commands(proposal)).toMatchObject([{ planned: proposal.head }])
  await forge.ensureComment(proposal, { markdown: 'the rollout', text: '' })
  expect(github.comments.map(({ login }) => login)).toEqual(['fleet-plan', 'alice'])
  expect(github.comments[0]?.body).toContain('the rollout')
})

test("others' reactions are no answer, nor is one of ours that means nothing", async () => {
  const { github, forge, proposal } = await openGithub()
  const { id } = github.comment(7, 'alice', '/nixcluster plan')
  const reactions = [
    { login: 'mallory', content: '+1' },
    { login: 'fleet-bot', content: 'eyes' },
  ] as const
  github.comments[0] = { ...github.comments[0]!, reactions: [...reactions] }
  expect(await forge.commands(proposal)).toMatchObject([{ id: String(id) }])
})

test('an answer that breaks off is finished by the next one, and said once', async () => {
  const { github, forge, proposal } = await openGithub()
  github.comment(7, 'alice', '/nixcluster deploy')
  const [command] = await forge.commands(proposal)
  const answer = { kind: 'refused', text: 'You may not do that.' } as const
  github.failWhen((request) => request.endsWith('/reactions'), 502)
  await expect(forge.answer(proposal, command!, answer)).rejects.toMatchObject({ status: 502 })
  expect(github.comments).toHaveLength(2)
  expect(await forge.commands(proposal)).toEqual([command])
  await forge.answer(proposal, command!, answer)
  expect(github.comments).toHaveLength(2)
  expect(await forge.commands(proposal)).toEqual([])
})

test('an answer links to its question and calls nobody', async () => {
  const { github, forge, proposal } = await openGithub()
  const { id } = github.comment(7, 'alice', '/nixcluster deploy')
  const [command] = await forge.commands(proposal)
  await forge.answer(proposal, command!, { kind: 'refused', text: 'You may not do that.' })
  expect(github.comments[1]?.body.split('\n')).toEqual([
    `<!-- nixcluster:answer ${id} -->`,
    `[Answer to alice](https://github.com/octocat/Hello-World/issues/1#issuecomment-${id})`,
    '',
    'You may not do that.',
  ])
})

test('a question that was taken back gets no answer', async () => {
  const { github, forge, proposal } = await openGithub()
  github.comment(7, 'alice', '/nixcluster deploy')
  const [command] = await forge.commands(proposal)
  github.comments.length = 0
  await forge.answer(proposal, command!, { kind: 'refused', text: 'You may not do that.' })
  expect(github.comments).toEqual([])
})

test('reactions are asked for only where there are some', async () => {
  const { github, forge, proposal } = await openGithub()
  for (let count = 0; count < 5; count++) github.comment(7, 'alice', '/nixcluster plan')
  const [first] = await forge.commands(proposal)
  await forge.answer(proposal, first!, { kind: 'done' })
  const before = github.requests.length
  expect(await forge.commands(proposal)).toHaveLength(4)
  expect(github.requests.slice(before)).toEqual([
    `GET /repos/${project}/issues/7/comments`,
    `GET /repos/${project}/issues/comments/1/reactions`,
  ])
})
