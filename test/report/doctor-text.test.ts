import { expect, test } from 'vitest'
import type { Examined, Finding } from '../../src/model/finding.ts'
import { fine, warning, wrong } from '../../src/model/finding.ts'
import { doctorSummary, groupText } from '../../src/report/doctor-text.ts'

const examined = (...findings: readonly Finding[]): readonly Examined[] =>
  findings.map((finding, n) => ({ id: String(n), group: 'redis', ...finding }))

test('a line for each check, and below it what is to be done', () => {
  const text = groupText(
    'redis',
    examined(
      fine('server', 'Redis 8.0.2 answers'),
      warning('clock', 'ours is 80 s ahead of the forge’s', 'let it follow a time server'),
      wrong('password', 'Redis refuses it', 'check the file that redis.passwordFile names'),
    ),
  )
  expect(text).toBe(`redis
  ✓ server    Redis 8.0.2 answers
  ! clock     ours is 80 s ahead of the forge’s
              → let it follow a time server
  ✗ password  Redis refuses it
              → check the file that redis.passwordFile names
`)
})

test('long lines are wrapped below themselves, within 80 columns', () => {
  const long = 'every word of it is said '.repeat(8)
  const lines = groupText('nix', examined(wrong('store', long, long))).split('\n')
  expect(lines.every((line) => line.length <= 80)).toBe(true)
  expect(lines[2]).toMatch(/^ {11}\S/)
  expect(lines.filter((line) => line.includes('→'))).toHaveLength(1)
})

test('colours are there on a terminal, and the signs without them', () => {
  const findings = examined(fine('a', 'b'), wrong('c', 'd', 'e'))
  expect(groupText('nix', findings, { colour: true })).toContain('\u001b[31m✗\u001b[39m c')
  expect(groupText('nix', findings)).not.toContain('\u001b')
})

test('what programs and machines say is obeyed by no terminal, and stays in its line', () => {
  const text = groupText('nix', examined(fine('a', 'one\n\u001b[2Jtwo\u202e\r\n three')))
  expect(text).toBe('nix\n  ✓ a  one; two; three\n')
})

test('the last line counts', () => {
  const [a, b, c] = [fine('a', ''), warning('b', '', ''), wrong('c', '', '')]
  expect(doctorSummary(examined(a))).toBe('1 check, all is fine.')
  expect(doctorSummary(examined(a, b))).toBe('2 checks: 1 warning.')
  expect(doctorSummary(examined(a, b, b, c))).toBe('4 checks: 1 wrong, 2 warnings.')
})
