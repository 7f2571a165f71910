import type { Octokit } from '@octokit/core'
import githubAppJwt from 'universal-github-app-jwt'
import { ForgeError } from '../model/errors.ts'

/** An app: its id or client id, its key as PEM, and its installation, which is asked for where it is absent. */
export interface GithubAppCredential {
  readonly kind: 'app'
  readonly id: string
  readonly privateKey: string
  readonly installation?: number
}

export interface GithubAppOptions {
  readonly credential: GithubAppCredential
  readonly owner: string
  readonly repo: string
  readonly request: Octokit['request']
  readonly now: () => number
}

/** How an app shows who it is: by its own signature, or by a token of its installation. */
export interface GithubApp {
  /** The value of `Authorization` for what is the app's own. */
  signature(): Promise<string>
  /** Its installation's token for this repository alone, had anew before it ends, and when `anew` says so. */
  token(anew?: boolean): Promise<string>
  /** Sets our clock by GitHub's, which takes no signature from the future; false where it goes right. */
  setClock(date: string | undefined): boolean
}

/** So long before a token ends another one is had: what begins with it has time to come to its end. */
const marginMs = 5 * 60_000

/** Becomes what GitHub calls an installation: the app as the owner of a repository has let it in. */
export function createGithubApp(options: GithubAppOptions): GithubApp {
  const { credential, owner, repo, request, now } = options
  let installation: number | undefined
  let held: { readonly token: Promise<string>; until: number } | undefined
  let offsetMs = 0

  const findInstallation = async (): Promise<number> =>
    (await request('GET /repos/{owner}/{repo}/installation', { owner, repo })).data.id

  async function askAsInstallation() {
    installation ??= credential.installation ?? (await findInstallation())
    return request('POST /app/installations/{installation_id}/access_tokens', {
      ...{ installation_id: installation, repositories: [repo] },
    })
  }

  async function askForToken(): Promise<{ readonly token: string; readonly until: number }> {
    const { data, headers } = await askAsInstallation().catch((cause: unknown) => {
      if ((cause as { readonly status?: number }).status !== 404) throw cause
      // Not a 404: that would say of whatever was asked for that it is not there.
      const text = `the App ${credential.id} is not installed on ${owner}/${repo}`
      throw new ForgeError(401, `${text}: install it there, or check app.installation`, { cause })
    })
    // By GitHub's own clock, and from now on by ours.
    const lifeMs = Date.parse(data.expires_at) - Date.parse(headers.date ?? '')
    return { token: data.token, until: now() + (lifeMs > 0 ? lifeMs - marginMs : 0) }
  }

  return {
    async signature() {
      const seconds = Math.floor((now() + offsetMs) / 1000)
      const { id, privateKey } = credential
      return `bearer ${(await githubAppJwt({ id, privateKey, now: seconds })).token}`
    },
    token(anew = false) {
      if (anew) installation = held = undefined
      if (held === undefined || held.until <= now()) {
        const asked = askForToken()
        const mine = { token: asked.then(({ token }) => token), until: Number.POSITIVE_INFINITY }
        held = mine
        // Whoever asks at the same time waits for the same; what failed is asked for again.
        asked.then(
          ({ until }) => (mine.until = until),
          () => (mine.until = 0),
        )
      }
      return held.token
    },
    setClock(date) {
      const offset = Date.parse(date ?? '') - now()
      if (!(Math.abs(offset - offsetMs) > 5000)) return false
      offsetMs = offset
      return true
    },
  }
}
