import { testForge, type Feature } from './conformance.ts'
import { giteaFeatures } from './gitea-features.ts'
import { startGiteaSite } from './gitea-site.ts'
import { startGithubSite } from './github-site.ts'
import { startPlainGitSite } from './plain-git-site.ts'

const has: readonly Feature[] = [
  ...(['pull requests', 'forks', 'merged by', 'merge queue', 'comments', 'statuses'] as const),
  ...(['deployments', 'permissions', 'visibility', 'redelivery'] as const),
]

testForge({ name: 'GitHub with a token', has, start: () => startGithubSite('person') })

testForge({
  name: 'GitHub with an app',
  has: [...has, 'checks'],
  start: () => startGithubSite('app'),
})

testForge({ name: "Gitea's stand-in", has: giteaFeatures, start: startGiteaSite })

testForge({ name: 'plain git', has: ['notes'], start: startPlainGitSite })
