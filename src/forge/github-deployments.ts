import type { EnvironmentDeployment, Forge } from '../model/forge.ts'
import { cutCharacters } from './cut.ts'
import { ask, type GithubClient } from './github-client.ts'

/** Tells our records from those of others of the same commit and environment. */
const task = 'deploy:nixcluster'

/** Where a newer rollout was a success, GitHub writes `inactive` over the older one's. */
const replaced = 'inactive'

/** GitHub's records of what is where: one of each commit and environment. */
export function createGithubDeployments(client: GithubClient): Pick<Forge, 'ensureDeployment'> {
  const { owner, repo, request } = client

  async function find({ commit, environment }: EnvironmentDeployment): Promise<number | undefined> {
    const { data } = await ask(`reading the deployments of ${commit}`, () =>
      request('GET /repos/{owner}/{repo}/deployments', {
        ...{ owner, repo, sha: commit, environment, task, per_page: 1 },
      }),
    )
    return data[0] && Number(data[0].id)
  }

  async function create({ commit, environment }: EnvironmentDeployment): Promise<number> {
    const { data } = await ask(`recording a deployment of ${commit}`, () =>
      request('POST /repos/{owner}/{repo}/deployments', {
        ...{ owner, repo, ref: commit, environment, task, transient_environment: false },
        // It is on its way already: GitHub has nothing to merge for it, and no status to wait for.
        ...{ auto_merge: false, required_contexts: [] },
      }),
    )
    if ('id' in data) return Number(data.id)
    throw new Error(`recording a deployment of ${commit}: ${data.message ?? 'GitHub made none'}`)
  }

  return {
    async ensureDeployment(deployment) {
      const { commit, state, description, url } = deployment
      const found = await find(deployment)
      if (found !== undefined) {
        const { data } = await ask(`reading how the deployment of ${commit} goes`, () =>
          request('GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses', {
            ...{ owner, repo, deployment_id: found, per_page: 1 },
          }),
        )
        const now: string | undefined = data[0]?.state
        if (now === state || (now === replaced && state === 'success')) return
      }
      const deployment_id = found ?? (await create(deployment))
      await ask(`telling how the deployment of ${commit} goes`, () =>
        request('POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses', {
          ...{ owner, repo, deployment_id, state, description: cutCharacters(description, 140) },
          ...(url === undefined ? {} : { log_url: url }),
        }),
      )
    },
  }
}
