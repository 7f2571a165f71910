import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseCommand, parseComment } from '../../src/rollout/parse-command.ts'
import { parseUntil } from '../../src/rollout/until.ts'

/** A Monday. */
const now = new Date('2026-01-05T10:00:00Z')
const command = (text: string) => {
  const parsed = parseCommand(text, now)
  return parsed.kind === 'command' ? parsed.command : parsed
}

describe('a command', () => {
  test.each([
    ['plan', { kind: 'plan' }],
    ['approve', { kind: 'approve' }],
    ['approve 3F2C1A9', { kind: 'approve', commit: '3f2c1a9' }],
    ['deploy', { kind: 'deploy' }],
    ['allow removal 3', { kind: 'allow-removal', count: 3 }],
    ['allow removals 12', { kind: 'allow-removal', count: 12 }],
    ['retry', { kind: 'retry' }],
    ['retry tag:rack-a', { kind: 'retry', selector: 'tag:rack-a' }],
    ['pause vm0', { kind: 'pause', selector: 'vm0' }],
    ['pause `vm*` until 2h', { kind: 'pause', selector: 'vm*', until: '2026-01-05T12:00:00Z' }],
    ['resume', { kind: 'resume' }],
    ['resume "vm*"', { kind: 'resume', selector: 'vm*' }],
    ['help', { kind: 'help' }],
    ['', { kind: 'help' }],
  ])('%j is read', (text, wanted) => expect(command(text)).toEqual(wanted))

  test('may be in any case, with blanks wherever', () => {
    expect(command('  Pause   vm0   UNTIL  18:00 ')).toEqual({
      ...{ kind: 'pause', selector: 'vm0', until: '2026-01-05T18:00:00Z' },
    })
  })

  test.each([
    ['approve main', 'takes the commit'],
    ['approve 3f2c1a', 'at least 7 characters'],
    ['approve 3f2c1a9 now', 'takes the commit'],
    ['allow removal', 'how many'],
    ['allow removal 0', 'how many'],
    ['allow removal all', 'how many'],
    ['allow 3', 'how many'],
    ['deploy main', 'nothing more'],
    ['retry vm0 vm1', 'one selector'],
    ['pause', 'takes a selector'],
    ['pause vm0 vm1', 'one selector'],
    ['pause vm0 until', 'a time to come'],
    ['pause vm0 until yesterday', 'a time to come'],
    ['pause vm0 until 2025-01-01', 'a time to come'],
  ])('%j is no command, and the answer says why', (text, why) => {
    expect(parseCommand(text, now)).toMatchObject({
      kind: 'mistake',
      text: expect.stringContaining(why),
    })
  })

  test('of another word is unknown', () => {
    expect(parseCommand('Aprove it', now)).toEqual({ kind: 'unknown', word: 'Aprove' })
  })

  test('is read from any text without an exception', () => {
    fc.assert(fc.property(fc.string(), (text) => parseCommand(text, now).kind !== undefined))
  })
})

describe('a comment', () => {
  const kinds = (text: string) =>
    parseComment(text, now).map((parsed) =>
      parsed.kind === 'command' ? parsed.command.kind : parsed.kind,
    )

  test('has a command on each line that begins so, and prose between them', () => {
    expect(
      kinds('/nixcluster approve 3f2c1a9\r\nlooks good to me\r\n\r\n/NixCluster plan\r\nplan'),
    ).toEqual(['approve', 'plan'])
  })

  test.each([
    ['> /nixcluster deploy'],
    ['see /nixcluster deploy'],
    ['/nixclusters deploy'],
    ['    /nixcluster deploy'],
    ['```\n/nixcluster deploy\n```'],
    ['~~~ sh\n/nixcluster deploy'],
  ])('%j tells us nothing', (text) => expect(kinds(text)).toEqual([]))

  test('goes on after a code block', () => {
    expect(kinds('/nixcluster help\n```\n/nixcluster deploy\n```\n/nixcluster')).toEqual([
      'help',
      'help',
    ])
  })
})

describe('until', () => {
  test.each([
    ['30m', '2026-01-05T10:30:00Z'],
    ['2h', '2026-01-05T12:00:00Z'],
    ['3d', '2026-01-08T10:00:00Z'],
    ['1 w', '2026-01-12T10:00:00Z'],
    ['18:00', '2026-01-05T18:00:00Z'],
    ['9:30', '2026-01-06T09:30:00Z'],
    ['18:00+02:00', '2026-01-05T16:00:00Z'],
    ['11:00 +02:00', '2026-01-06T09:00:00Z'],
    ['today 23:59:30', '2026-01-05T23:59:30Z'],
    ['tomorrow', '2026-01-06T00:00:00Z'],
    ['Tomorrow 08:00', '2026-01-06T08:00:00Z'],
    ['monday', '2026-01-12T00:00:00Z'],
    ['monday 18:00', '2026-01-05T18:00:00Z'],
    ['fri 08:00', '2026-01-09T08:00:00Z'],
    ['2026-02-28', '2026-02-28T00:00:00Z'],
    ['2026-12-24 18:00', '2026-12-24T18:00:00Z'],
    ['2026-12-24T18:00:05Z', '2026-12-24T18:00:05Z'],
    ['2026-12-24T18:00-05:00', '2026-12-24T23:00:00Z'],
    ['2026-12-24 18:00 UTC', '2026-12-24T18:00:00Z'],
  ])('%s is %s', (text, wanted) => {
    expect(parseUntil(text, now)?.toISOString()).toBe(wanted.replace('Z', '.000Z'))
  })

  test.each([
    ...['', 'z', 'never', '2 hours', '0h', '99999d', '25:00', '12:60', '2026-02-30', '2026-1-1'],
    ...['yesterday', 'today 09:00', '2026-01-05T10:00:00Z', '18:00+15:00', '18', '5', 'soon 5'],
  ])('%j is no time to come', (text) => expect(parseUntil(text, now)).toBeUndefined())

  test('a time of day in another zone is the next one there', () => {
    const lateEvening = new Date('2026-01-05T23:30:00Z')
    expect(parseUntil('00:45+01:00', lateEvening)?.toISOString()).toBe('2026-01-05T23:45:00.000Z')
    expect(parseUntil('tomorrow 08:00+01:00', lateEvening)?.toISOString()).toBe(
      '2026-01-07T07:00:00.000Z',
    )
  })

  test('whatever is read lies ahead', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const until = parseUntil(text, now)
        return until === undefined || until > now
      }),
    )
  })
})
