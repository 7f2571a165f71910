import { afterAll, beforeAll } from 'vitest'
import { testForge } from '../forge/conformance.ts'
import { giteaFeatures } from '../forge/gitea-features.ts'
import { startRealGitea, type RealGitea } from './real.ts'
import { addPeople, startRealSite } from './real-site.ts'

let gitea: RealGitea
let token: string
beforeAll(async () => {
  gitea = await startRealGitea()
  token = await addPeople(gitea)
})
afterAll(() => gitea.stop())

testForge({
  name: 'a real Gitea',
  has: giteaFeatures,
  start: () => startRealSite(gitea, token),
})
