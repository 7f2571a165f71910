import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { extract, type Description } from './extract.ts'
import { startRealGitea } from './real.ts'

test('what the stand-in is held against is what a Gitea says of itself', async () => {
  const gitea = await startRealGitea()
  onTestFinished(() => gitea.stop())
  const whole = (await (await fetch(`${gitea.url}/swagger.v1.json`)).json()) as Description
  const ours = readFileSync(new URL('description.json', import.meta.url), 'utf8')
  expect(extract(whole)).toEqual(JSON.parse(ours))
})
