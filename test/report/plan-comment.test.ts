import { expect, test } from 'vitest'
import type { Plan } from '../../src/model/plan.ts'
import { sizeOf } from '../../src/report/markdown.ts'
import { conflictComment, planComment, staleComment } from '../../src/report/plan-comment.ts'
import { problemsComment } from '../../src/report/problems-comment.ts'
import { diff, examplePlan } from './example-plan.ts'
import { tooLarge } from './example-plans.ts'

const blob = 'https://forge.example/o/r/blob/3f2c1a9'
const comment = (plan: Partial<Plan>, options = {}): string =>
  planComment({ ...examplePlan, ...plan }, { showContents: true, ...options })

test('what is in files stays out of a comment that everybody reads', () => {
  const text = comment({}, { showContents: false })
  expect(text).toContain('`/etc/vault.hcl`')
  expect(text).not.toContain('192.168.122.201')
  expect(text).not.toContain('X-Restart-Triggers')
})

test('a static plan says how it is made a whole one, and for which commit', () => {
  const text = comment({ kind: 'static' })
  expect(text.split('\n\n')[1]).toBe(
    'Static plan: nobody’s code was run; somebody who may push can answer `/nixcluster approve` for 3f2c1a9.',
  )
  expect(text).toContain('Machines: `vm0` to `vm2`')
  expect(text).not.toContain('| machines |')
  expect(comment({ kind: 'static' }, { evaluating: true })).toContain('is being evaluated')
})

test('nothing is said to stay of which nothing is known', () => {
  const unknown = [{ name: 'vm0.example.com', diff: diff({ compared: 'nothing' }) }]
  const [title] = comment({ machines: unknown }).split('\n')
  expect(title).toBe('### 1 of 10 machines changes')
})

test('a base that has moved is said below the title, and once', () => {
  const text = comment({})
  const first = staleComment(text, { base: 'main', baseCommit: 'abcdef0123' })
  expect(first.split('\n\n').slice(0, 3)).toEqual([
    '### 3 of 12 machines change · nothing reboots · nothing is removed',
    '**Out of date**: `main` moved to abcdef0: this plan is being made again.',
    text.split('\n\n')[1],
  ])
  const second = staleComment(first, { base: 'main', baseCommit: '123456789' })
  expect(second).toBe(first.replace('abcdef0', '1234567'))
})

test.each([10_000, 20_000, 40_000, 65_000])(
  'a comment of %i bytes at most keeps its headline and its failures, and says what is cut',
  (limit) => {
    const failures = Array.from({ length: 30 }, (_, n) => ({
      machine: `db${n}.example.com`,
      stage: 'build' as const,
      message: `${n}\n${`${'`ü'.repeat(500)}\n`.repeat(50)}`,
    }))
    const text = planComment({ ...manyKinds, failures }, { showContents: true, blob, limit })
    expect(sizeOf(text)).toBeLessThanOrEqual(limit)
    expect(text).toMatch(/^### 400 of 442 machines change · 30 cannot be built/)
    expect(text).toContain('`db0` cannot be built')
    expect(text).toMatch(/Not shown, .*`nixcluster plan renumber` shows all of it\./)
    expect(text.match(/<details/g)?.length).toBe(text.match(/<\/details>/g)?.length)
  },
)

/** Each of 400 machines changes in a file of its own. */
const manyKinds = {
  ...tooLarge,
  machines: tooLarge.machines.map((machine, n) => ({
    ...machine,
    diff: {
      ...machine.diff!,
      files: machine.diff!.files.map((file) => ({ ...file, path: `/etc/file-${n}` })),
    },
  })),
}

test('details of the last changes go first, then reasons and rows are fewer', () => {
  const at = (limit: number) => {
    const text = planComment(manyKinds, { showContents: true, blob, limit })
    const left = (what: RegExp): number => Number(what.exec(text)?.[1] ?? 0)
    return {
      details: left(/details of (\d+) change/),
      rows: left(/(\d+) changes? and details/),
      reasons: left(/(\d+) reasons?/),
    }
  }
  const sizes = [5_000_000, 200_000, 130_000, 65_000, 20_000].map(at)
  expect(sizes[0]).toEqual({ details: 0, rows: 0, reasons: 0 })
  expect(sizes[1]).toMatchObject({ rows: 0, reasons: 0 })
  expect(sizes[1]!.details).toBeGreaterThan(200)
  expect(sizes[4]!.reasons).toBeGreaterThan(sizes[3]!.reasons)
})

test('a page that has all of it is linked where there is one', () => {
  const text = comment(tooLarge, { url: 'https://nixcluster.example/plans/1' })
  expect(text).toContain('[all of it](https://nixcluster.example/plans/1)')
})

test('a branch that a shell would read is not put into a command to be copied', () => {
  const title = { ...examplePlan.title, branch: 'a$(reboot)' }
  expect(comment({ ...tooLarge, title })).toContain('`nixcluster plan` shows all of it')
})

test('a conflict is said instead of a plan', () => {
  expect(conflictComment(examplePlan.title, ['clusters/example.yaml']))
    .toBe(`### Cannot be merged, so there is no plan

In conflict with \`main\`:

- \`clusters/example.yaml\`

<sub>3f2c1a9 into 9b01e77 · \`/nixcluster help\`</sub>`)
})

test('ten thousand mistakes fit into a comment', () => {
  const problem = {
    severity: 'error' as const,
    code: 'schema/unknown-key' as const,
    message: `unknown key '${'ü'.repeat(100)}'`,
    ...{ file: 'a.yaml', line: 1, column: 1, endLine: 1, endColumn: 2 },
  }
  const text = problemsComment(Array<typeof problem>(10_000).fill(problem), { head: 'a' })
  expect(sizeOf(text)).toBeLessThanOrEqual(65_000)
  expect(text).toMatch(/- and \d+ more\n/)
})

test('a change that removes too much says how that is allowed', () => {
  const text = problemsComment([], { head: 'a', removals: 4 })
  expect(text).toContain('can answer `/nixcluster allow removal 4`')
})
