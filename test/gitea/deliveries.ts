import { createHmac, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'

type Payload = Readonly<Record<string, unknown>>

/** Webhooks of a real Gitea, as it sent them when a pull request was opened and talked about. */
const recorded = JSON.parse(
  readFileSync(new URL('deliveries.json', import.meta.url), 'utf8'),
) as Readonly<Record<GiteaEvent, Payload>>

export type GiteaEvent = 'push' | 'pull_request' | 'issue_comment'

/** A webhook as Gitea or Forgejo sends it. */
export interface Delivery {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What a Gitea sent, with fields of ours over it. */
export function recordedPayload(event: GiteaEvent, project: string, over: Payload = {}): Payload {
  const payload = recorded[event]
  const repository = { ...(payload['repository'] as Payload), full_name: project }
  return { ...payload, repository, ...over }
}

/** Signs a payload; `by` is whose headers it has: Forgejo's own stand beside Gitea's in real ones. */
export function sign(
  event: string,
  payload: unknown,
  secret: string,
  by: 'gitea' | 'forgejo' = 'gitea',
): Delivery {
  const body = JSON.stringify(payload)
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Go-http-client/1.1',
      [`x-${by}-delivery`]: randomUUID(),
      [`x-${by}-event`]: event,
      [`x-${by}-signature`]: createHmac('sha256', secret).update(body).digest('hex'),
    },
  }
}

/** Sends a delivery to a controller's webhook and gives the answer. */
export function deliver(controllerUrl: string, { headers, body }: Delivery): Promise<Response> {
  return fetch(`${controllerUrl}/webhooks/gitea`, { method: 'POST', headers, body })
}
