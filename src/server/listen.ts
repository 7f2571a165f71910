import { createServer } from 'node:net'
import { serve } from '@hono/node-server'
import type { Hono } from 'hono'

/** A listening server. */
export interface Listening {
  readonly url: string
  /** Takes no more connections; those that only follow are cut. */
  close(): Promise<void>
}

/** Listens; throws with what to do when the address cannot be had. */
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
    server.on('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new Error(`listening on ${host}, port ${port}: ${reasonOf(cause).join('; ')}`, { cause }),
      )
    })
  })
}

/** What the system says against listening there; undefined: nothing. */
export function tryToListen({
  host,
  port,
}: {
  readonly host: string
  readonly port: number
}): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', resolve)
    server.listen(port, host, () => server.close(() => resolve(undefined)))
  })
}

/** Why an address cannot be had, and what to do. */
export const reasonOf = ({ code = '', message }: NodeJS.ErrnoException): Refusal =>
  reasons[code] ?? [message, 'check listen.host and listen.port']

type Refusal = readonly [why: string, advice: string]

const reasons: Readonly<Record<string, Refusal>> = {
  EADDRINUSE: ['it is taken', 'end what listens there, or choose another listen.port'],
  EACCES: ['this user may not', 'choose a listen.port from 1024 on'],
  EADDRNOTAVAIL: ['this machine has no such address', 'check listen.host'],
  ENOTFOUND: ['there is no such host', 'check listen.host'],
}
