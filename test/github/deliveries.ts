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
