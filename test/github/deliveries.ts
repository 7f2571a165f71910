import { createHmac, randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'

type Payload = Record<string, unknown>

const events = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly {
  readonly name: string
  readonly examples: readonly Payload[]
}[]

/** A webhook as GitHub sends it. */
export interface Delivery {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** GitHub's own example of an event, with fields of ours over it. */
export function examplePayload(
  event: string,
  project: string,
  action?: string,
  over: Payload = {},
): Payload {
  const examples = events.find(({ name }) => name === event)?.examples ?? []
  const example = examples.find(
    (one) => 'repository' in one && (action === undefined || one['action'] === action),
  )
  if (example === undefined) throw new Error(`GitHub has no example of ${event} ${action ?? ''}`)
  const [owner, name] = project.split('/')
  const theirs = example['repository'] as Payload
  const repository = {
    ...{ ...theirs, name, full_name: project },
    owner: { ...(theirs['owner'] as Payload), login: owner },
  }
  return { ...structuredClone(example), repository, ...over }
}

/** Signs a payload with GitHub's usual headers; each call is another delivery. */
export function sign(event: string, payload: unknown, secret: string): Delivery {
  const body = JSON.stringify(payload)
  const digest = (name: string): string => createHmac(name, secret).update(body).digest('hex')
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'GitHub-Hookshot/044aadd',
      'x-github-delivery': randomUUID(),
      'x-github-event': event,
      'x-github-hook-id': '292430182',
      'x-github-hook-installation-target-id': '79929171',
      'x-github-hook-installation-target-type': 'repository',
      'x-hub-signature': `sha1=${digest('sha1')}`,
      'x-hub-signature-256': `sha256=${digest('sha256')}`,
    },
  }
}

/** Sends a delivery to a controller's webhook and gives the answer. */
export function deliver(controllerUrl: string, { headers, body }: Delivery): Promise<Response> {
  return fetch(`${controllerUrl}/webhooks/github`, { method: 'POST', headers, body })
}

/** A push to a branch. */
export function push(project: string, branch: string, before: string, after: string): Payload {
  return examplePayload('push', project, undefined, {
    ...{ ref: `refs/heads/${branch}`, before, after, head_commit: null, commits: [] },
  })
}

/** Something that happened to a pull request. */
export function pullRequest(project: string, action: string, number: number): Payload {
  const example = examplePayload('pull_request', project, action)
  return { ...example, number, pull_request: { ...(example['pull_request'] as Payload), number } }
}

/** A comment below a pull request, or below an issue. */
export function issueComment(
  project: string,
  action: 'created' | 'edited' | 'deleted',
  number: number,
  body: string,
  below: 'pull request' | 'issue' = 'pull request',
): Payload {
  const example = examplePayload('issue_comment', project, action)
  const { pull_request: _, ...issue } = example['issue'] as Payload
  const url = `https://api.github.com/repos/${project}/pulls/${number}`
  return {
    ...example,
    issue: { ...issue, number, ...(below === 'issue' ? {} : { pull_request: { url } }) },
    comment: { ...(example['comment'] as Payload), body },
  }
}

/** A head of the merge queue that waits for its checks: `tail` is `pr-7-<commit of the base>`. */
export function mergeGroup(project: string, base: string, tail: string, head_sha: string): Payload {
  const example = examplePayload('merge_group', project, 'checks_requested')
  const head_ref = `refs/heads/gh-readonly-queue/${base}/${tail}`
  const group = { head_sha, head_ref, base_ref: `refs/heads/${base}` }
  return { ...example, merge_group: { ...(example['merge_group'] as Payload), ...group } }
}

/** Somebody asks for a check to be done again. */
export function checkAgain(project: string, event: 'check_run' | 'check_suite', number: number) {
  const example = examplePayload(event, project, 'rerequested')
  const checks = { ...(example[event] as Payload), pull_requests: [{ number }] }
  return { ...example, [event]: checks }
}
