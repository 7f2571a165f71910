import { testForge } from './conformance.ts'
import { startGithubSite } from './github-site.ts'

testForge({
  name: 'GitHub with a token',
  has: ['pull requests', 'comments', 'permissions', 'visibility', 'statuses'],
  start: startGithubSite,
})
