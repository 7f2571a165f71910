import type { Forge } from '../model/forge.ts'
import { all, ask, perPage, undefinedIf, type GithubClient } from './github-client.ts'

/** One attempt of GitHub's to deliver a webhook; all attempts of a delivery have one guid. */
interface Attempt {
  /** Beyond what a number holds, as the newest are; the types of requests do not know that yet. */
  readonly id: number | bigint
  readonly guid: string
  readonly delivered_at: string
  readonly status_code: number
  readonly repository_id: number | bigint | null
}

/** A list of attempts, and how another one is asked for. */
interface Hook {
  read(cursor: string | undefined): Promise<{
    readonly data: readonly Attempt[]
    readonly headers: { readonly link?: string | undefined }
  }>
  isOurs(attempt: Attempt): boolean
  attempt(id: Attempt['id']): Promise<unknown>
}

/** GitHub's first attempt, and ours. */
const mostAttempts = 3

/** How far the first look goes back: longer ago, the poll has seen what was missed. */
const firstLookMs = 24 * 3_600_000

/** For so long a token that may not see webhooks is not tried again. */
const refusedMs = 3_600_000

const mostPages = 10
const mostRemembered = 1000

/** Sends again what did not arrive: GitHub itself never does. */
export function createGithubDeliveries(client: GithubClient): Pick<Forge, 'redeliver'> {
  const { owner, repo, request } = client
  /** ISO 8601: the newest that was looked at. */
  let since: string | undefined
  /** Delivery that was asked for again -> how often, and the attempt that had failed last. */
  const asked = new Map<string, { readonly times: number; readonly failed: Attempt['id'] }>()

  let refusedUntil = 0

  /** An app has one webhook for all its repositories. */
  const appHook = (repositoryId: number | bigint): Hook => ({
    read: (cursor) =>
      request('GET /app/hook/deliveries', {
        ...{ per_page: perPage, ...(cursor === undefined ? {} : { cursor }) },
      }),
    isOurs: ({ repository_id }) => repository_id === repositoryId,
    attempt: (id) =>
      request('POST /app/hook/deliveries/{delivery_id}/attempts', { delivery_id: id as number }),
  })

  const repositoryHook = (hook_id: number): Hook => ({
    read: (cursor) =>
      request('GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries', {
        ...{ owner, repo, hook_id, per_page: perPage },
        ...(cursor === undefined ? {} : { cursor }),
      }),
    isOurs: () => true,
    attempt: (id) =>
      request('POST /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts', {
        ...{ owner, repo, hook_id, delivery_id: id as number },
      }),
  })

  /** A token needs a permission of its own for webhooks; without it there are none for us. */
  async function findHooks(): Promise<readonly Hook[]> {
    if (client.isApp) {
      const { data } = await ask(`reading the repository ${client.project}`, () =>
        request('GET /repos/{owner}/{repo}', { owner, repo }),
      )
      return [appHook(data.id)]
    }
    if (client.now() < refusedUntil) return []
    const hooks = await all((page) =>
      ask(`reading the webhooks of ${client.project}`, () =>
        request('GET /repos/{owner}/{repo}/hooks', { owner, repo, per_page: perPage, page }),
      ),
    ).catch(undefinedIf(403, 404))
    if (hooks === undefined) refusedUntil = client.now() + refusedMs
    return (hooks ?? [])
      .filter(({ active, config }) => active && config.url?.endsWith('/webhooks/github') === true)
      .map(({ id }) => repositoryHook(id))
  }

  /** Attempts since a time, the newest first. */
  async function readSince(hook: Hook, from: string): Promise<readonly Attempt[]> {
    const attempts: Attempt[] = []
    let cursor: string | undefined
    for (let page = 0; page < mostPages; page++) {
      const { data, headers } = await ask('reading deliveries of webhooks', () => hook.read(cursor))
      const fresh = data.filter(({ delivered_at }) => Date.parse(delivered_at) >= Date.parse(from))
      attempts.push(...fresh)
      cursor = /[?&]cursor=([^&>]+)[^>]*>; rel="next"/.exec(headers.link ?? '')?.[1]
      if (cursor === undefined || fresh.length < data.length) break
    }
    return attempts
  }

  async function redeliverOf(hook: Hook, attempts: readonly Attempt[]): Promise<number> {
    let count = 0
    for (const [guid, [newest, ...older]] of byGuid(attempts.filter(hook.isOurs))) {
      const before = asked.get(guid)
      if ([newest, ...older].some(hasArrived)) asked.delete(guid)
      else if (before?.failed === newest.id) continue
      else {
        const times = Math.max(before?.times ?? 1, older.length + 1)
        if (times >= mostAttempts) continue
        await ask('asking for a delivery again', () => hook.attempt(newest.id)).catch(
          // One that is too old is gone.
          undefinedIf(404, 422),
        )
        asked.set(guid, { times: times + 1, failed: newest.id })
        count++
      }
    }
    for (const oldest of asked.keys()) {
      if (asked.size <= mostRemembered) break
      asked.delete(oldest)
    }
    return count
  }

  return {
    async redeliver() {
      const from = since ?? new Date(client.now() - firstLookMs).toISOString()
      let newest = from
      let count = 0
      for (const hook of await findHooks()) {
        const attempts = await readSince(hook, from)
        count += await redeliverOf(hook, attempts)
        const last = attempts[0]?.delivered_at ?? newest
        if (Date.parse(last) > Date.parse(newest)) newest = last
      }
      since = newest
      return count
    },
  }
}

const hasArrived = ({ status_code }: Attempt): boolean => status_code >= 200 && status_code < 400

function byGuid(
  attempts: readonly Attempt[],
): ReadonlyMap<string, readonly [Attempt, ...Attempt[]]> {
  const groups = new Map<string, [Attempt, ...Attempt[]]>()
  for (const attempt of attempts) {
    const group = groups.get(attempt.guid)
    if (group === undefined) groups.set(attempt.guid, [attempt])
    else group.push(attempt)
  }
  return groups
}
