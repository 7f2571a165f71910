import picomatch from 'picomatch'
import { ForgeError } from '../model/errors.ts'
import { fine, warning, wrong, type Examination, type Finding } from '../model/finding.ts'
import type { Forge } from '../model/forge.ts'
import { clockFinding, examined, guardFinding, type Guard } from './examining.ts'
import type { GiteaApi } from './gitea-api.ts'

interface Repository {
  readonly permissions?: { readonly admin: boolean; readonly push: boolean }
}

interface Hook {
  readonly type: string
  readonly active: boolean
  readonly events: readonly string[]
  readonly config: Readonly<Record<string, string>>
}

interface Protection {
  /** A glob, in which one star does not go beyond a slash. */
  readonly rule_name: string
  readonly enable_push: boolean
  readonly enable_push_whitelist: boolean
  readonly push_whitelist_usernames: readonly string[] | null
  readonly push_whitelist_teams: readonly string[] | null
  readonly push_whitelist_deploy_keys: boolean
}

const neededEvents = ['push', 'pull_request', 'pull_request_sync', 'pull_request_comment']
const path = '/webhooks/gitea'
const hookAdvice = `Settings, Webhooks: target URL https://…${path}, application/json, the text of secretFile as its secret, the events of docs/controller.md`
const guardAdvice =
  'Settings, Branches: a rule for nixcluster/** with push restricted to an allowlist that has the controller’s account alone'
const asAdministrator =
  'make the token’s owner an administrator of the repository, or look yourself. '

/** Asks Gitea what its token is good for, by reading alone. */
export function createGiteaExamine(
  api: GiteaApi,
  project: string,
  apiUrl: string,
): Pick<Forge, 'examine'> {
  const root = `/repos/${project}`

  async function repository({ pushes, now }: Examination): Promise<readonly Finding[]> {
    const { data, date } = await api.dated<Repository>(`reading the repository ${project}`, root)
    const { admin = false, push = false } = data.permissions ?? {}
    const advice = 'make the token’s owner an administrator collaborator of the repository'
    return [
      ...clockFinding(date, now),
      pushes && !push
        ? wrong('permissions', 'the token’s owner may not push', advice)
        : admin
          ? fine('permissions', 'the token’s owner administers the repository')
          : warning(
              'permissions',
              'the token’s owner is no administrator: nobody tells it who may push',
              advice,
            ),
    ]
  }

  async function webhook(): Promise<readonly Finding[]> {
    const hooks = await api
      .all<Hook>(`reading the webhooks of ${project}`, `${root}/hooks`)
      .catch(unseen)
    if (hooks === undefined) {
      return [warning('webhook', 'could not be seen', asAdministrator + hookAdvice)]
    }
    const hook = hooks.find(({ config }) => config['url']?.endsWith(path) === true)
    if (hook === undefined)
      return [wrong('webhook', `none leads to ${path}: only the poll finds pushes`, hookAdvice)]
    const url = hook.config['url'] ?? ''
    if (!hook.active) return [wrong('webhook', `${url} is off`, 'switch it on: Active')]
    if (hook.config['content_type'] !== 'json')
      return [wrong('webhook', `${url} is sent as a form`, 'choose application/json')]
    const missing = neededEvents.filter((one) => !hook.events.includes(one))
    return [
      fine('webhook', `${url}; whether it arrives is on its page, Gitea's API does not tell`),
      missing.length === 0
        ? fine('events', 'all that are needed')
        : warning(
            'events',
            `not sent: ${missing.join(', ')}; the poll finds them later`,
            'Settings, Webhooks, Custom Events',
          ),
    ]
  }

  async function guards(
    us: string,
    { branches, pushes }: Examination,
  ): Promise<readonly Finding[]> {
    const rules = await api
      .ask<readonly Protection[] | null>(
        `reading the branch protections of ${project}`,
        'GET',
        `${root}/branch_protections`,
      )
      .catch(unseen)
    const see = asAdministrator + guardAdvice
    const found = branches.map((branch) => [
      branch,
      rules === undefined ? { kind: 'unseen' } : guardOf(branch, us, rules ?? [], pushes),
    ]) satisfies readonly (readonly [string, Guard])[]
    return [guardFinding(found, { how: guardAdvice, see, pushes })]
  }

  return {
    async examine(asked) {
      let us: string
      try {
        us = (await api.ask<{ login: string }>('asking whose the token is', 'GET', '/user')).login
      } catch (error) {
        if (!(error instanceof ForgeError)) throw error
        return error.status === 0 || error.status === 404
          ? [wrong('forge', error.message, `check apiUrl (${apiUrl}), and the way there`)]
          : [
              wrong(
                'credential',
                error.message,
                'make a new token with write:repository, write:issue and read:user',
              ),
            ]
      }
      const parts = await Promise.all([
        examined('permissions', () => repository(asked)),
        // The webhook is not the matter of whoever only plans.
        ...(asked.pushes ? [examined('webhook', webhook)] : []),
        examined('own branches', () => guards(us, asked)),
      ])
      return [fine('credential', `a token of ${us}`), ...parts.flat()]
    },
  }
}

/** The first rule that fits is the one that counts; one that names a branch goes before any pattern. */
function guardOf(branch: string, us: string, rules: readonly Protection[], pushes: boolean): Guard {
  const rule =
    rules.find(({ rule_name }) => rule_name === branch) ??
    rules.find(({ rule_name }) => picomatch.isMatch(branch, rule_name, { dot: true }))
  if (rule === undefined) return { kind: 'open' }
  if (rule.enable_push && !rule.enable_push_whitelist) return { kind: 'open' }
  // Who may is for those to see who push.
  if (!pushes) return { kind: 'ours' }
  if (!rule.enable_push) return { kind: 'closed' }
  const users = rule.push_whitelist_usernames ?? []
  if (!users.some((user) => user.toLowerCase() === us.toLowerCase())) return { kind: 'closed' }
  const others = [
    ...users.filter((user) => user.toLowerCase() !== us.toLowerCase()),
    ...(rule.push_whitelist_teams ?? []),
    ...(rule.push_whitelist_deploy_keys ? ['deploy keys'] : []),
  ]
  return others.length > 0 ? { kind: 'shared', others: others.join(', ') } : { kind: 'ours' }
}

/** For `catch`: undefined for what is not shown to us. */
function unseen(error: unknown): undefined {
  if (!(error instanceof ForgeError) || ![401, 403, 404].includes(error.status)) throw error
}
