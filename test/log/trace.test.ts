import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createLog } from '../../src/log/log.ts'
import {
  asPush,
  besidePush,
  createTrace,
  currentTrace,
  inTrace,
  readTrace,
} from '../../src/log/trace.ts'

const now = new Date(1_700_000_000_000)

test('the id that a sender gave stays, without what has no place in an id', () => {
  expect(createTrace('request', now, '72d3162e-cc78-11e3-81ab-4c9367dc0958')).toEqual({
    id: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    from: 'request',
    receivedMs: 1_700_000_000_000,
  })
  expect(createTrace('request', now, 'a"\n\u001b[31m b/../c').id).toBe('a31mb..c')
  expect(createTrace('request', now, 'x'.repeat(1000)).id).toHaveLength(64)
})

test.each([undefined, '', '"\n'])('given %j, an id is made up', (given) => {
  const [one, other] = [createTrace('request', now, given), createTrace('request', now, given)]
  expect(one.id).toMatch(/^[0-9a-f-]{36}$/)
  expect(one.id).not.toBe(other.id)
})

test('what a poll begins can be told by its id', () => {
  expect(createTrace('poll', now).id).toMatch(/^poll-[0-9a-f-]{36}$/)
})

test('a job that others wrote brings no more than an id and a time', () => {
  const trace = { id: 'a', from: 'push', receivedMs: 1 } as const
  expect(readTrace({ ...trace, more: 'x' })).toEqual(trace)
  expect(readTrace({ ...trace, id: 'a\nb', from: 'elsewhere' })).toEqual({
    ...{ id: 'ab', from: 'request', receivedMs: 1 },
  })
  for (const nonsense of [undefined, null, 'a', {}, { ...trace, id: '"' }, { id: 'a' }])
    expect(readTrace(nonsense)).toBeUndefined()
})

test('lines that are written meanwhile have the id of what they come of, and of nothing else', async () => {
  const written: string[] = []
  const log = createLog({ level: 'info', write: (line) => written.push(line) })
  const work = async (name: string): Promise<void> => {
    await sleep(1)
    log.info({ name }, 'later')
  }
  log.info({}, 'before')
  await Promise.all(
    ['a', 'b'].map((id) => inTrace({ id, from: 'push', receivedMs: 1 }, () => work(id))),
  )
  const lines = written.map((line) => JSON.parse(line) as Record<string, string>)
  expect(lines.map(({ name, trace }) => [name, trace])).toEqual([
    [undefined, undefined],
    ['a', 'a'],
    ['b', 'b'],
  ])
})

test('what a push only occasions is not timed as the push; what a poll does never is', () => {
  const from = () => currentTrace()?.from
  const trace = { id: 'a', receivedMs: 1 }
  expect(inTrace({ ...trace, from: 'request' }, () => asPush(from))).toBe('push')
  expect(inTrace({ ...trace, from: 'push' }, () => besidePush(from))).toBe('request')
  expect(inTrace({ ...trace, from: 'poll' }, () => besidePush(from))).toBe('poll')
  expect(besidePush(from)).toBeUndefined()
})
