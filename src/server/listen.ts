import { serve } from '@hono/node-server'
import type { Hono } from 'hono'

/** A listening server. */
export interface Listening {
  readonly url: string
  /** Takes no more connections; those that only follow are cut. */
  close(): Promise<void>
}

/** Listens; throws when the address is taken. */
export function listen(
  app: Hono,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: host, port }, (address) =>
      resolve({
        url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed())
            if ('closeAllConnections' in server) server.closeAllConnections()
          }),
      }),
    )
    server.on('error', reject)
  })
}
