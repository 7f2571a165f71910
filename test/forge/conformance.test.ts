import { testForge, type Feature } from './conformance.ts'
import { startGithubSite } from './github-site.ts'

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
