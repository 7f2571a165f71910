import type { Hono } from 'hono'
import type { AppOptions } from './app.ts'
import { addForgeWebhook } from './forge-webhook.ts'

/** `POST /webhooks/github` */
export function addGithubWebhook(app: Hono, options: AppOptions): void {
  addForgeWebhook(app, options, {
    forge: 'github',
    event: (c) => c.req.header('x-github-event'),
    signature: (c) => c.req.header('x-hub-signature-256') ?? '',
  })
}
