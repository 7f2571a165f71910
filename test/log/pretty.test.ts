import { expect, test } from 'vitest'
import { createLog } from '../../src/log/log.ts'
import { createPretty } from '../../src/log/pretty.ts'

function lines(colour: boolean) {
  const written: string[] = []
  const format = createPretty({ colour })
  const write = (line: string) => void written.push(line.replaceAll(/^\[?\S+ [\d:.]+\]?/gm, 'TIME'))
  return { log: createLog({ level: 'info', secrets: ['s3cret "x"'], format, write }), written }
}

test('a line for people has time, level, text, and its data behind', () => {
  const { log, written } = lines(false)
  log.warn({ repository: 'fleet', jobs: [{ kind: 'look' }] }, 'the branch was rewound')
  expect(written).toEqual([
    'TIME WARN: the branch was rewound {"repository":"fleet","jobs":[{"kind":"look"}]}\n',
  ])
})

test('an error is shown with its stack and its causes', () => {
  const { log, written } = lines(false)
  log.error({ err: new Error('pushing', { cause: new Error('no answer') }) }, 'away')
  expect(written[0]).toMatch(/^TIME ERROR: away *$/m)
  expect(written[0]).toMatch(/^\s+Error: pushing$/m)
  expect(written[0]).toMatch(/^\s+at .*pretty\.test\.ts/m)
  expect(written[0]).toContain('no answer')
})

test('secrets are not in it either', () => {
  const { log, written } = lines(false)
  const err = new Error('https://me:hunter2@git.example.com says s3cret "x"')
  log.error({ err, said: 's3cret "x"' }, 'refused: s3cret "x"')
  expect(written[0]).not.toMatch(/s3cret|hunter2/)
  expect(written[0]).toContain('refused: [secret]')
})

test('what others say neither colours the terminal nor begins a line', () => {
  const { log, written } = lines(false)
  const err = Object.assign(new Error('x'), {
    stack: 'Error: x\u001b]0;title\u0007\n\u001b[2Jat y',
  })
  log.info({ event: '\u001b[2J\u009b31m', err }, 'a\nTIME INFO: b\u001b[31m\r')
  expect(written[0]).not.toMatch(/[\0-\u0009\u000b-\u001f\u007f-\u009f]/)
  expect(written[0]).toContain('INFO: a TIME INFO: b')
})

test('colour is for terminals alone', () => {
  const [plain, coloured] = [lines(false), lines(true)]
  for (const { log } of [plain, coloured]) log.info({}, 'ready')
  expect(plain.written[0]).not.toContain('\u001b')
  expect(coloured.written[0]).toContain('\u001b[32mINFO\u001b[39m')
})
