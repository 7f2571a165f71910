import { exampleOf } from './description.ts'
import type { GithubAnswer } from './repository.ts'

/** A ruleset of the stand-in that keeps branches for those who may pass it by. */
export interface Ruleset {
  readonly id: number
  readonly branches: readonly string[]
  /** Undefined: it is not told, as to those who may not see it. */
  readonly bypass?: 'always' | 'never'
  /** How many may pass it by; told to its administrators only. */
  readonly actors?: number
}

/** How the repository, its webhook and its App are set up; tests change it. */
export interface Standing {
  /** Undefined: none of the repository's webhooks leads to a controller. */
  hook:
    | {
        active: boolean
        events: readonly string[]
        url: string
        secret: string | undefined
        contentType: string
        /** What became of the last delivery. */
        code: number | null
        message: string | null
      }
    | undefined
  rulesets: Ruleset[]
  /** Branches that are protected in the older way, with those who may push them; hidden from who may not see that. */
  protections: Record<string, readonly string[] | 'hidden'>
  /** Whether the token's owner may push. */
  mayPush: boolean
  /** Of a classic token. */
  scopes: string | undefined
  /** What the App was given. */
  granted: Record<string, string>
  events: readonly string[]
  suspendedAt: string | null
  remaining: number
}

/** As docs/controller.md has it. */
export const wellSetUp = (): Standing => ({
  hook: {
    ...{ active: true, contentType: 'json', secret: '********', code: 202, message: 'OK' },
    events: ['push', 'pull_request', 'issue_comment', 'merge_group'],
    url: 'https://nixcluster.example.com/webhooks/github',
  },
  rulesets: [
    {
      ...{ id: 42, bypass: 'always', actors: 1 },
      branches: ['nixcluster/state', 'nixcluster/main'],
    },
  ],
  protections: {},
  mayPush: true,
  scopes: undefined,
  granted: {
    ...{ metadata: 'read', contents: 'write', pull_requests: 'write', issues: 'write' },
    ...{ statuses: 'write', checks: 'write', deployments: 'write', merge_queues: 'read' },
  },
  events: ['push', 'pull_request', 'issue_comment', 'check_run', 'check_suite', 'merge_group'],
  suspendedAt: null,
  remaining: 4990,
})

type Fields = Record<string, unknown>
const example = (name: string): Fields => exampleOf(name) as Fields
const ok = (body: unknown): GithubAnswer => ({ status: 200, body })
const missing: GithubAnswer = { status: 404, body: { message: 'Not Found' } }
const forbidden: GithubAnswer = { status: 403, body: { message: 'Resource not accessible' } }

/** The webhooks of the repository: another one, and ours where there is one. */
export function toHooks({ hook }: Standing): readonly Fields[] {
  const shown = (exampleOf('hook-items') as readonly Fields[])[0]!
  const config = shown['config'] as Fields
  const other = { ...shown, id: 1, config: { ...config, url: 'https://ci.example.com' } }
  if (hook === undefined) return [other]
  const { active, events, url, secret, contentType, code, message } = hook
  const ours = {
    ...{ ...shown, id: 2, active, events },
    config: {
      ...{ ...config, url, content_type: contentType },
      ...(secret === undefined ? {} : { secret }),
    },
    last_response: { code, status: code === null ? 'unused' : 'active', message },
  }
  return [other, ours]
}

/** The webhook of the App. */
export function toHookConfig({ hook }: Standing): GithubAnswer {
  const { url = '', secret, contentType = 'form' } = hook ?? {}
  const shown = { ...example('webhook-config'), url, content_type: contentType }
  return ok({ ...shown, secret })
}

/** What GitHub tells of rules for branches; undefined where something else was asked. */
export function answerRules(standing: Standing, path: string): GithubAnswer | undefined {
  const [, asked, branch = ''] =
    /^\/(rules\/branches|branches|rulesets)\/(.+?)(?:\/protection)?$/.exec(path) ?? []
  const name = decodeURIComponent(branch)
  if (asked === 'rules/branches') {
    const sets = standing.rulesets.filter(({ branches }) => branches.includes(name))
    return ok(
      sets.flatMap(({ id }) =>
        ['creation', 'update', 'deletion'].map((type) => ({
          ...{ type, ruleset_id: id, ruleset_source: 'example/fleet' },
          ruleset_source_type: 'Repository',
        })),
      ),
    )
  }
  if (asked === 'rulesets') {
    const set = standing.rulesets.find(({ id }) => id === Number(name))
    if (set === undefined) return missing
    const { bypass_actors: actors, ...shown } = example('repository-ruleset')
    return ok({
      ...{ ...shown, id: set.id },
      ...(set.bypass === undefined ? {} : { current_user_can_bypass: set.bypass }),
      ...(set.actors === undefined
        ? {}
        : { bypass_actors: Array(set.actors).fill((actors as unknown[])[0]) }),
    })
  }
  if (asked !== 'branches') return undefined
  const guard = standing.protections[name]
  if (!path.endsWith('/protection'))
    return ok({ ...example('branch-get'), name, protected: guard !== undefined })
  if (guard === undefined) return missing
  if (guard === 'hidden') return forbidden
  // GitHub's examples of reviews and checks lack what its description demands.
  const {
    required_status_checks: _checks,
    required_pull_request_reviews: _reviews,
    ...shown
  } = example('branch-protection')
  const restrictions = shown['restrictions'] as Record<'users' | 'teams' | 'apps', Fields[]>
  const users = guard.map((login) => ({ ...restrictions.users[0], login }))
  return ok({ ...shown, restrictions: { ...restrictions, users, teams: [], apps: [] } })
}

/** The limits as they stand. */
export function toRateLimit({ remaining }: Standing): GithubAnswer {
  const shown = example('rate-limit-overview')
  const resources = shown['resources'] as Record<string, Fields>
  return ok({ ...shown, resources: { ...resources, core: { ...resources['core'], remaining } } })
}
