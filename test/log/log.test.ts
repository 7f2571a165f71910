import { expect, test } from 'vitest'
import { createLog } from '../../src/log/log.ts'
import { redactText } from '../../src/log/redact.ts'

function lines(secrets: string[], level: 'debug' | 'info' = 'info') {
  const written: string[] = []
  return { log: createLog({ level, secrets, write: (line) => written.push(line) }), written }
}

test('a line is JSON with its level, its time, its data and its text', () => {
  const { log, written } = lines([])
  log.warn({ repository: 'fleet' }, 'the branch was rewound')
  expect(JSON.parse(written[0] ?? '')).toEqual({
    level: 'warn',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    repository: 'fleet',
    text: 'the branch was rewound',
  })
})

test('lines below the level are not written', () => {
  const { log, written } = lines([])
  log.debug({}, 'nobody asked')
  expect(written).toEqual([])
})

test('known secrets are taken out of texts, data, errors and their causes', () => {
  const { log, written } = lines(['s3cret "quoted"'])
  log.addSecret('learned-later')
  const cause = new Error('the remote said: learned-later')
  log.error({ url: 'x?y=s3cret "quoted"', err: new Error('pushing', { cause }) }, 's3cret "quoted"')
  expect(written[0]).not.toContain('s3cret')
  expect(written[0]).not.toContain('learned-later')
  expect(JSON.parse(written[0] ?? '')).toMatchObject({ url: 'x?y=[secret]', text: '[secret]' })
})

test('an error is its words and those of its causes, not the request that hangs on one', () => {
  const { log, written } = lines([])
  const refused = Object.assign(new Error('Bad gateway'), { request: { body: 'a page' } })
  log.warn({ err: new Error('listing pull requests', { cause: refused }) }, 'away')
  log.warn({ err: new Error('x'.repeat(9000)) }, 'long')
  expect(JSON.parse(written[0]!)).toMatchObject({
    err: { type: 'Error', message: 'listing pull requests', cause: { message: 'Bad gateway' } },
  })
  expect(written[0]).not.toContain('a page')
  expect(written[1]!.length).toBeLessThan(7000)
})

test.each([
  [{ headers: { Authorization: 'token whatever' } }, 'whatever'],
  [{ headers: { 'proxy-authorization': 'Basic "x" y' } }, '\\"x\\" y'],
  [{ text: 'curl -H "authorization: Bearer abc123.ghijkl"' }, 'abc123.ghijkl'],
  [{ url: 'https://me:hunter2@git.example.com/fleet.git' }, 'hunter2'],
  [{ job: { signed: { signature: `sha256=${'0a'.repeat(32)}` } } }, '0a0a'],
  [{ env: `ghp_${'a'.repeat(36)}` }, 'aaaa'],
  [
    { file: '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn\n-----END OPENSSH PRIVATE KEY-----' },
    'b3Blbn',
  ],
])('%j is written without its credential', (data, credential) => {
  const { log, written } = lines([])
  log.info(data, 'asking')
  expect(written[0]).not.toContain(credential)
  expect(() => JSON.parse(written[0] ?? '')).not.toThrow()
})

test('what is told elsewhere is told without secrets, too, and stays what it is otherwise', () => {
  const text = 'fetching "x":\nhttps://me:hunter2@git.example.com says s3cret "quoted"'
  expect(redactText(text, ['s3cret "quoted"', ''])).toBe(
    'fetching "x":\nhttps://me:[secret]@git.example.com says [secret]',
  )
})
