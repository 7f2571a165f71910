import type { Context, Hono } from 'hono'
import type { AppOptions } from './app.ts'
import { addForgeWebhook } from './forge-webhook.ts'

/** `POST /webhooks/gitea`, for Gitea and Forgejo: the payloads are GitHub's, as far as we look at them. */
export function addGiteaWebhook(app: Hono, options: AppOptions): void {
  addForgeWebhook(app, options, {
    forge: 'gitea',
    event: (c) => header(c, 'event'),
    signature: (c) => {
      const digest = header(c, 'signature')
      return digest === undefined ? '' : `sha256=${digest}`
    },
  })
}

const header = (c: Context, name: string): string | undefined =>
  c.req.header(`x-gitea-${name}`) ?? c.req.header(`x-forgejo-${name}`)
