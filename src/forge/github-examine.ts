import { ForgeError } from '../model/errors.ts'
import { fine, warning, wrong, type Examination, type Finding } from '../model/finding.ts'
import type { Forge } from '../model/forge.ts'
import { clockFinding, examined, guardFinding, type Guard } from './examining.ts'
import { all, ask, perPage, undefinedIf, type GithubClient } from './github-client.ts'

/** What the page on the controller lists; without the first ones nothing goes, without the others less. */
const needed = (pushes: boolean) => ({
  necessary: {
    metadata: 'read',
    contents: pushes ? 'write' : 'read',
    pull_requests: 'write',
    statuses: 'write',
  },
  useful: {
    issues: 'write',
    checks: 'write',
    ...(pushes ? { deployments: 'write' } : {}),
    merge_queues: 'read',
  },
})

const neededEvents = ['push', 'pull_request', 'issue_comment', 'merge_group']
const path = '/webhooks/github'

const rulesAdvice =
  'Settings, Rules, Rulesets: a branch ruleset for nixcluster/** that restricts creations, updates and deletions, with the controller alone in its bypass list'
const rulesToSee =
  'look at Settings, Rules, or give the token Administration: read; only the controller should be let push nixcluster/**'
const hookAdvice = `Settings, Webhooks: URL https://…${path}, application/json, the text of secretFile as its secret, the events of docs/controller.md`

/** Asks GitHub what its credential is good for, by reading alone. */
export function createGithubExamine(client: GithubClient): Pick<Forge, 'examine'> {
  const { owner, repo, project, request, isApp } = client

  /** Whose credential it is; throws where it is nobody's. */
  async function credential(): Promise<{ readonly us: string; readonly finding: Finding }> {
    if (isApp) {
      const { data } = await ask('asking which App we are', () => request('GET /app'))
      const slug = data?.slug ?? ''
      return { us: slug, finding: fine('credential', `the App ${slug}`) }
    }
    const login = await client.login()
    return login === undefined
      ? { us: '', finding: fine('credential', 'a token of an App') }
      : { us: login, finding: fine('credential', `a token of ${login}`) }
  }

  function refused(error: unknown): readonly Finding[] {
    if (!(error instanceof ForgeError)) throw error
    const said = error.message
    if (error.status === 0) {
      return [wrong('forge', said, `check apiUrl (${client.apiUrl}), and the way there`)]
    }
    const advice = isApp
      ? 'check app.id and its privateKeyFile: the key has to be one of this App’s'
      : 'make a new token: this one has ended, or was taken back'
    return [wrong('credential', said, advice)]
  }

  async function repository(asked: Examination): Promise<readonly Finding[]> {
    const answer = await ask(`reading the repository ${project}`, () =>
      request('GET /repos/{owner}/{repo}', { owner, repo }),
    ).catch((error: unknown) => {
      if (error instanceof ForgeError && [401, 403, 404].includes(error.status)) return error
      throw error
    })
    if (answer instanceof ForgeError) {
      const advice = isApp
        ? `install the App on ${project}`
        : `give the token access to ${project}: Contents and Metadata`
      return [wrong('repository', answer.message, advice)]
    }
    const { data, headers } = answer
    return [
      ...clockFinding(headers.date, asked.now),
      ...(isApp
        ? await appPermissions(asked)
        : await tokenPermissions(asked, data.permissions?.push === true, scopesOf(headers))),
    ]
  }

  async function appPermissions({ pushes }: Examination): Promise<readonly Finding[]> {
    const { data } = await ask(`reading the App's installation on ${project}`, () =>
      request('GET /repos/{owner}/{repo}/installation', { owner, repo }),
    )
    if (data.suspended_at) {
      const found = `the installation is suspended since ${data.suspended_at}`
      return [wrong('permissions', found, 'unsuspend it: Settings, GitHub Apps')]
    }
    const has = data.permissions as Readonly<Record<string, string | undefined>>
    const lacks = (wanted: Readonly<Record<string, string>>): readonly string[] =>
      Object.entries(wanted)
        .filter(([key, level]) => has[key] !== level && has[key] !== 'write')
        .map(([key, level]) => `${key.replaceAll('_', ' ')}: ${level}`)
    const { necessary, useful } = needed(pushes)
    const advice = 'the App’s page, Permissions; then its new permissions have to be accepted'
    const missing = lacks(necessary)
    const wanting = lacks(useful)
    return [
      missing.length > 0
        ? wrong('permissions', `the App lacks ${missing.join(', ')}`, advice)
        : wanting.length > 0
          ? warning('permissions', `the App could have ${wanting.join(', ')}`, advice)
          : fine('permissions', 'all that is needed'),
      ...(pushes ? [eventsFinding(data.events, 'the App’s page, Permissions & events')] : []),
    ]
  }

  /** What a token may write is told of old ones only; of the others, what they may read. */
  async function tokenPermissions(
    { pushes }: Examination,
    mayPush: boolean,
    scopes: readonly string[] | undefined,
  ): Promise<readonly Finding[]> {
    if (pushes && !mayPush) {
      const found = 'the token’s owner may not push'
      return [wrong('permissions', found, `give them write access to ${project}`)]
    }
    if (scopes !== undefined) {
      return scopes.includes('repo') || scopes.includes('public_repo')
        ? [fine('permissions', `a classic token with ${scopes.join(', ')}`)]
        : [
            wrong(
              'permissions',
              `a classic token without the scope repo (${scopes.join(', ') || 'none'})`,
              'make one with repo, or a fine-grained one for this repository',
            ),
          ]
    }
    const reads: Readonly<Record<string, () => Promise<unknown>>> = {
      'pull requests': () =>
        request('GET /repos/{owner}/{repo}/pulls', { owner, repo, per_page: 1 }),
      ...(pushes
        ? {
            deployments: () =>
              request('GET /repos/{owner}/{repo}/deployments', { owner, repo, per_page: 1 }),
          }
        : {}),
      contents: () =>
        request('GET /repos/{owner}/{repo}/git/matching-refs/{ref}', {
          ...{ owner, repo, ref: 'heads/nixcluster/' },
        }),
    }
    const missing: string[] = []
    for (const [name, read] of Object.entries(reads)) {
      const isThere = await ask(`reading ${name}`, read).then(() => true, undefinedIf(403, 404))
      if (isThere === undefined) missing.push(name)
    }
    return missing.length > 0
      ? [
          wrong(
            'permissions',
            `the token may not read ${missing.join(', ')}`,
            'give it the permissions of docs/controller.md',
          ),
        ]
      : [fine('permissions', 'it reads what it has to; what it may write shows when it writes')]
  }

  async function webhook(): Promise<readonly Finding[]> {
    return isApp ? appWebhook() : repositoryWebhook()
  }

  async function appWebhook(): Promise<readonly Finding[]> {
    const { data } = await ask('reading the App’s webhook', () => request('GET /app/hook/config'))
    const { data: repository } = await ask(`reading the repository ${project}`, () =>
      request('GET /repos/{owner}/{repo}', { owner, repo }),
    )
    const deliveries = await ask('reading deliveries', () =>
      request('GET /app/hook/deliveries', { per_page: perPage }),
    )
    const last = deliveries.data.find(({ repository_id }) => repository_id === repository.id)
    return [
      hookFinding(data),
      ...(last === undefined ? [] : [deliveryFinding(last.status_code, last.status)]),
    ]
  }

  async function repositoryWebhook(): Promise<readonly Finding[]> {
    const hooks = await all((page) =>
      ask(`reading the webhooks of ${project}`, () =>
        request('GET /repos/{owner}/{repo}/hooks', { owner, repo, per_page: perPage, page }),
      ),
    ).catch(undefinedIf(403, 404))
    if (hooks === undefined) {
      const found = 'could not be seen: the token may not read webhooks'
      return [
        warning(
          'webhook',
          found,
          `give it Webhooks: read and write, or look yourself. ${hookAdvice}`,
        ),
      ]
    }
    const ours = hooks.filter(({ config }) => config.url?.endsWith(path) === true)
    const [hook] = ours
    if (hook === undefined) {
      return [wrong('webhook', `none leads to ${path}: only the poll finds pushes`, hookAdvice)]
    }
    if (!hook.active) return [wrong('webhook', `${hook.config.url} is off`, 'switch it on: Active')]
    const { code, message } = hook.last_response
    return [
      hookFinding(hook.config),
      eventsFinding(hook.events, 'Settings, Webhooks, its events'),
      ...(code === null || code === undefined ? [] : [deliveryFinding(code, message ?? '')]),
    ]
  }

  async function guardOf(branch: string, us: string, pushes: boolean): Promise<Guard> {
    const rules = await all((page) =>
      ask(`reading the rules for ${branch}`, () =>
        request('GET /repos/{owner}/{repo}/rules/branches/{branch}', {
          ...{ owner, repo, branch, per_page: perPage, page },
        }),
      ),
    )
    const updates = rules.filter(({ type }) => type === 'update')
    // Who may is for those to see who push.
    if (updates.length > 0 && !pushes) return { kind: 'ours' }
    for (const { ruleset_id } of updates) {
      const ruleset = await ask('reading a ruleset', () =>
        request('GET /repos/{owner}/{repo}/rulesets/{ruleset_id}', {
          ...{ owner, repo, ruleset_id: ruleset_id ?? 0 },
        }),
      ).catch(undefinedIf(403, 404))
      const { current_user_can_bypass: bypass, bypass_actors: actors } = ruleset?.data ?? {}
      if (bypass === 'never' || bypass === 'pull_requests_only') return { kind: 'closed' }
      if (bypass === undefined) return { kind: 'unseen' }
      if ((actors?.length ?? 0) > 1)
        return { kind: 'shared', others: `the bypass list has ${actors?.length} entries` }
    }
    if (updates.length > 0) return { kind: 'ours' }
    return protectionOf(branch, us, pushes)
  }

  /** The older way to protect a branch. */
  async function protectionOf(branch: string, us: string, pushes: boolean): Promise<Guard> {
    const found = await ask(`reading the branch ${branch}`, () =>
      request('GET /repos/{owner}/{repo}/branches/{branch}', { owner, repo, branch }),
    ).catch(undefinedIf(403, 404))
    if (found?.data.protected !== true) return { kind: 'open' }
    const protection = await ask(`reading the protection of ${branch}`, () =>
      request('GET /repos/{owner}/{repo}/branches/{branch}/protection', { owner, repo, branch }),
    ).catch(undefinedIf(403, 404))
    if (protection === undefined) return { kind: 'unseen' }
    const { restrictions } = protection.data
    if (restrictions === undefined) return { kind: 'open' }
    if (!pushes) return { kind: 'ours' }
    const names = [
      ...restrictions.users.map(({ login }) => login ?? ''),
      ...restrictions.teams.map(({ slug }) => slug ?? ''),
      ...restrictions.apps.map(({ slug }) => slug ?? ''),
    ]
    const others = names.filter((one) => one !== us)
    if (us !== '' && !names.includes(us)) return { kind: 'closed' }
    return others.length > 0 ? { kind: 'shared', others: others.join(', ') } : { kind: 'ours' }
  }

  async function rateLimit(): Promise<readonly Finding[]> {
    // An Enterprise Server may have none.
    const answer = await ask('asking how many requests are left', () =>
      request('GET /rate_limit'),
    ).catch(undefinedIf(404))
    if (answer === undefined) return []
    const { limit, remaining, reset } = answer.data.resources.core
    const found = `${remaining} of ${limit} requests are left`
    return remaining < limit / 10
      ? [
          warning(
            'rate limit',
            found,
            `it is full again at ${new Date(reset * 1000).toISOString()}; who else uses this credential?`,
          ),
        ]
      : [fine('rate limit', found)]
  }

  return {
    async examine(asked) {
      let us: string
      let who: Finding
      try {
        ;({ us, finding: who } = await credential())
      } catch (error) {
        return refused(error)
      }
      const parts = await Promise.all([
        examined('permissions', () => repository(asked)),
        // The webhook is not the matter of whoever only plans.
        ...(asked.pushes ? [examined('webhook', webhook)] : []),
        examined('rate limit', rateLimit),
        examined('own branches', async () => {
          const guards = asked.branches.map(
            async (branch) => [branch, await guardOf(branch, us, asked.pushes)] as const,
          )
          return [
            guardFinding(await Promise.all(guards), {
              ...{ how: rulesAdvice, see: rulesToSee, pushes: asked.pushes },
            }),
          ]
        }),
      ])
      return [who, ...parts.flat()]
    },
  }
}

/** Of a classic token; undefined where there are no scopes. */
function scopesOf(
  headers: Readonly<Record<string, string | number | undefined>>,
): readonly string[] | undefined {
  const told = headers['x-oauth-scopes']
  return told === undefined ? undefined : String(told).split(/, */).filter(Boolean)
}

function eventsFinding(events: readonly string[], where: string): Finding {
  const missing = events.includes('*') ? [] : neededEvents.filter((one) => !events.includes(one))
  return missing.length === 0
    ? fine('events', 'all that are needed')
    : warning('events', `not sent: ${missing.join(', ')}; the poll finds them later`, where)
}

interface HookConfig {
  readonly url?: string | undefined
  readonly content_type?: string | undefined
  readonly secret?: string | undefined
}

function hookFinding({ url = '', content_type, secret }: HookConfig): Finding {
  if (!url.endsWith(path))
    return wrong('webhook', `it leads to ${url || 'nowhere'}`, `its URL has to end in ${path}`)
  if (secret === undefined || secret === '') {
    const advice = 'give it the text of secretFile: unsigned ones are refused'
    return wrong('webhook', `${url} has no secret`, advice)
  }
  return content_type === 'json'
    ? fine('webhook', url)
    : wrong('webhook', `${url} is sent as ${content_type ?? 'a form'}`, 'choose application/json')
}

function deliveryFinding(code: number, said: string): Finding {
  if (code >= 200 && code < 400) return fine('last delivery', `arrived (${code})`)
  const advice =
    code === 401 || code === 403
      ? 'the webhook’s secret is another one than the text of secretFile'
      : code === 404
        ? 'is the URL the controller’s, and the repository’s name as in the settings?'
        : 'can the forge reach the controller? See the delivery on the webhook’s page'
  return wrong('last delivery', `did not arrive: ${code === 0 ? said : `${code} ${said}`}`, advice)
}
