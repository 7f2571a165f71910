import { expect, test } from 'vitest'
import { branchOf, toJobs } from '../../src/server/webhook.ts'

test('branches are named without refs/heads, slashes kept', () => {
  expect(branchOf('refs/heads/feature/disk')).toBe('feature/disk')
  expect(branchOf('refs/heads/nixcluster/main')).toBeUndefined()
  expect(branchOf('refs/tags/v1')).toBeUndefined()
  expect(branchOf('refs/notes/commits')).toBeUndefined()
})

const fleet = { name: 'fleet', branch: 'main' }

test('a deleted branch is looked at too', () => {
  const payload = { ref: 'refs/heads/done', deleted: true }
  expect(toJobs('push', payload, fleet)).toEqual([
    { kind: 'look', repository: 'fleet', ref: 'done' },
  ])
})

test('a push to the deployed branch is published; where nobody names that, any push may be one', () => {
  const payload = { ref: 'refs/heads/main' }
  const publish = { kind: 'publish', repository: 'fleet' }
  expect(toJobs('push', payload, fleet)).toEqual([publish])
  const look = { kind: 'look', repository: 'fleet', ref: 'main' }
  expect(toJobs('push', payload, { name: 'fleet' })).toEqual([look, publish])
})

test.each([
  ['push', { ref: 7 }],
  ['pull_request', { action: 'opened', number: '7' }],
  ['pull_request', {}],
  ['issue_comment', { action: 'created' }],
  ['issue_comment', { action: 'created', issue: 7, comment: { body: '/nixcluster plan' } }],
  ['issue_comment', { action: 'created', issue: { number: 7 }, comment: null }],
  ['merge_group', { action: 'checks_requested', merge_group: { head_ref: 'refs/heads/main' } }],
  [
    'merge_group',
    {
      action: 'checks_requested',
      merge_group: { head_ref: 'refs/heads/x/pr-7', base_ref: 'refs/heads/main' },
    },
  ],
  ['check_run', { action: 'rerequested', check_run: { pull_requests: 7 } }],
  ['', {}],
])('nonsense asks for nothing: %s %j', (event, payload) => {
  expect(toJobs(event, payload, fleet)).toEqual([])
})
