import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { helpText } from '../../src/report/command-answers.ts'
import { planComment, staleComment } from '../../src/report/plan-comment.ts'
import { planText } from '../../src/report/plan-text.ts'
import { problemsComment } from '../../src/report/problems-comment.ts'
import { rolloutComment } from '../../src/report/rollout-comment.ts'
import { examplePlan } from './example-plan.ts'
import * as plans from './example-plans.ts'
import { mistakes } from './example-mistakes.ts'
import * as rollouts from './example-rollouts.ts'

/** What people read; `UPDATE=1` writes it anew, `npm run comments` makes pictures of it. */
const folder = 'test/fixtures/comments'

const blob = 'https://forge.example/team/fleet/blob/3f2c1a9'
const options = { showContents: true, blob }

const planned = {
  'more-storage': examplePlan,
  'one-machine': plans.oneMachine,
  'fifty-alike': plans.fiftyAlike,
  'first-plan': plans.firstPlan,
  removal: plans.removal,
  'nix-error': plans.nixError,
  'too-large': plans.tooLarge,
  'fork-before-approval': plans.staticPlan,
  'fork-after-approval': plans.approvedPlan,
  'every-kind': plans.everyKind,
  'derivations-only': plans.derivationsOnly,
}

const golden: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.entries(planned).flatMap(([name, plan]) => [
      [`${name}.md`, planComment(plan, options)],
      [`${name}.txt`, planText(plan, { width: 78 }).join('\n')],
    ]),
  ),
  'contents-hidden.md': planComment(plans.everyKind, { ...options, showContents: false }),
  'every-kind-whole.txt': planText(plans.everyKind, { width: 78, whole: true }).join('\n'),
  'warnings.md': planComment(plans.oneMachine, { ...options, warnings: mistakes.slice(2) }),
  'evaluating.md': planComment(plans.staticPlan, { ...options, evaluating: true }),
  'stale-base.md': staleComment(planComment(plans.oneMachine, options), {
    base: 'main',
    baseCommit: 'd81f30b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0',
  }),
  'invalid-yaml.md': problemsComment(mistakes, { head: examplePlan.title.head, blob }),
  'help.md': helpText(),
  ...Object.fromEntries(
    Object.entries(rollouts.inputs).map(([name, input]) => [
      `rollout-${name}.md`,
      rolloutComment(input),
    ]),
  ),
}

test.each(Object.entries(golden))('%s is what people read', (name, text) => {
  const file = join(folder, name)
  if (process.env.UPDATE) writeFileSync(file, `${text}\n`)
  expect(existsSync(file) && readFileSync(file, 'utf8')).toBe(`${text}\n`)
})

test('no picture is left of what nobody reads any more', () => {
  expect(readdirSync(folder).sort()).toEqual(Object.keys(golden).sort())
})
