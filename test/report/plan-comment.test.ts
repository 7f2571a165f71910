import { expect, test } from 'vitest'
import { conflictComment, planComment } from '../../src/report/plan-comment.ts'
import { problemsComment } from '../../src/report/problems-comment.ts'
import { diff, examplePlan } from './example-plan.ts'

const blob = 'https://forge.example/o/r/blob/3f2c1a9'

test('a comment says what matters, why, a table, details, and what comes after', () => {
  expect(planComment(examplePlan, { showContents: true, blob }))
    .toBe(`### 3 of 12 machines change · nothing reboots · nothing is removed

- [\`clusters/example.yaml:18\`](${blob}/clusters/example.yaml#L18) role storage of vault gains vm2

| | machines | what changes | units | size |
|---|---|---|---|---|
| ~ | \`vm0\` \`vm1\` | ~ \`/etc/vault.hcl\` | \`vault.service\` restarts |  |
| ~ | \`vm2\` | + \`/etc/vault.hcl\`<br>+ \`vault 1.17.2\` | \`vault.service\` starts | +31 MiB |

<details><summary><b>vm0, vm1</b> (alike)</summary>

**~** \`vault.service\` restarts

\`\`\`diff
@@ -1,1 +1,1 @@
-X-Restart-Triggers=/nix/store/1
+X-Restart-Triggers=/nix/store/2
\`\`\`

**~** \`/etc/vault.hcl\`

\`\`\`diff
@@ -1,1 +1,2 @@
 retry_join { leader = "192.168.122.201" }
+retry_join { leader = "192.168.122.202" }
\`\`\`
</details>

<details><summary><b>vm2</b></summary>

**+** \`vault.service\` starts

**+** \`/etc/vault.hcl\`

Packages: + \`vault 1.17.2\`

System \`a3f…\` → \`9kd…\`
</details>

**Rollout after the merge**: vm2, then vm0, then vm1 \\(at most 1 of storage at a time\\).

<sub>3f2c1a9 into 9b01e77 · 9 machines unaffected · evaluated, closures built · 2.4 s</sub>`)
})

test('what is in files stays out of a comment that everybody reads', () => {
  const comment = planComment(examplePlan, { showContents: false })
  expect(comment).toContain('`/etc/vault.hcl`')
  expect(comment).not.toContain('192.168.122.201')
  expect(comment).not.toContain('X-Restart-Triggers')
})

test('a static plan says how it is made a whole one, and for which commit', () => {
  const comment = planComment({ ...examplePlan, kind: 'static' }, { showContents: false })
  expect(comment).toContain('Static plan: nobody’s code was run.')
  expect(comment).toContain('Machines: `vm0` `vm1` `vm2`')
  expect(comment).not.toContain('| machines |')
})

const evil = '``` \n```\n</details> @all #1 <img src=x> | [x](http://evil) **b** \x1b[2J'

test('text of others leaves no fence, mentions nobody, links nothing and stays in its cell', () => {
  const comment = planComment(
    {
      ...examplePlan,
      machines: [
        {
          name: 'vm0.example.com',
          diff: diff({
            files: [{ path: `/etc/${evil}`, kind: 'changed', patch: `+${evil}` }],
            units: [{ name: evil, kind: 'changed', effect: 'restarts' }],
            packages: [{ name: evil, before: ['1'], after: [evil] }],
          }),
        },
      ],
      reasons: [{ place: `${evil}:3`, text: evil, machines: [] }],
      failures: [{ machine: 'vm9.example.com', stage: 'evaluation', message: evil }],
    },
    { showContents: true, blob },
  )
  // What is left when code is taken away, as a forge's reader of Markdown does.
  const outside = comment
    .replaceAll(/^(`{3,})[^\n]*\n[\s\S]*?\n\1$/gm, '')
    .replaceAll(/(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)/g, '')
  expect(outside).not.toMatch(/@all|#1\b|(?<!\\)<img|(?<!\\)\[x|http:\/\/|\x1b/)
  expect(comment.match(/^<\/details>$/gm)).toHaveLength(1)
  const rows = comment.split('\n').filter((line) => line.startsWith('| ~ |'))
  expect(rows.map((row) => row.split(/(?<!\\)\|/).length)).toEqual([7])
})

test('a plan of ten thousand machines fits, and says how much is left out', () => {
  const machines = Array.from({ length: 10_000 }, (_, n) => ({
    name: `vm${n}.example.com`,
    diff: diff({
      files: [{ path: `/etc/file-${n}`, kind: 'changed' as const, patch: `+${'x'.repeat(2000)}` }],
    }),
  }))
  const failures = Array.from({ length: 30 }, (_, n) => ({
    machine: `db${n}.example.com`,
    stage: 'build' as const,
    message: `${n} ${'`x'.repeat(5000)}`,
  }))
  const comment = planComment({ ...examplePlan, machines, failures }, { showContents: true })
  expect(comment.length).toBeLessThan(65_536)
  expect(comment).toMatch(/\d+ more parts would not fit here\./)
  expect(comment).toContain('evaluated, closures built')
})

test('a conflict is said instead of a plan', () => {
  expect(conflictComment(examplePlan.title, ['clusters/example.yaml']))
    .toBe(`### Cannot be merged, so there is no plan

In conflict with \`main\`:

- \`clusters/example.yaml\`

<sub>3f2c1a9 into 9b01e77</sub>`)
})

test('mistakes are the whole comment, errors first, each with a link to its line', () => {
  const at = { file: 'clusters/my file.yaml', column: 7, endLine: 14, endColumn: 12 }
  const comment = problemsComment(
    [
      { ...at, line: 3, severity: 'warning', code: 'selectors/none', message: 'names nothing' },
      {
        ...at,
        line: 14,
        severity: 'error',
        code: 'schema/unknown-key',
        message: "unknown key 'sytem' @all",
        hint: "did you mean 'system'?",
      },
    ],
    { head: examplePlan.title.head, blob },
  )
  expect(comment)
    .toBe(`### 1 mistake, 1 warning in the configuration; nothing is rendered, nothing would be deployed

- [\`clusters/my file.yaml:14:7\`](${blob}/clusters/my%20file.yaml#L14) unknown key 'sytem' @\u200ball; did you mean 'system'? \`schema/unknown-key\`
- [\`clusters/my file.yaml:3:7\`](${blob}/clusters/my%20file.yaml#L3) warning: names nothing \`selectors/none\`

<sub>3f2c1a9 · \`nixcluster validate\` shows the same before you push</sub>`)
})

test('ten thousand mistakes fit into a comment', () => {
  const problem = {
    severity: 'error' as const,
    code: 'schema/unknown-key' as const,
    message: `unknown key '${'x'.repeat(100)}'`,
    ...{ file: 'a.yaml', line: 1, column: 1, endLine: 1, endColumn: 2 },
  }
  const comment = problemsComment(Array<typeof problem>(10_000).fill(problem), { head: 'a' })
  expect(comment.length).toBeLessThan(65_536)
  expect(comment).toMatch(/- and \d+ more\n/)
})
