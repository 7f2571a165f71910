import type { Context } from 'hono'
import { isSigned, signatureHeader, timestampHeader } from '../forge/signature.ts'
import type { ServedRepository } from './app.ts'

/** The repository of that name if its secret signed this request; a stranger learns no names. */
export function findSigner(
  c: Context,
  repositories: readonly ServedRepository[],
  name: unknown,
  body: string,
  now: Date,
): ServedRepository | undefined {
  const repository = repositories.find((one) => one.name === name)
  if (repository === undefined) return undefined
  const { pathname, search } = new URL(c.req.url)
  const request = {
    method: c.req.method,
    path: pathname + search,
    body,
    timestamp: c.req.header(timestampHeader) ?? '',
  }
  const signature = c.req.header(signatureHeader) ?? ''
  return isSigned(repository.secret, request, signature, now) ? repository : undefined
}

/** What a stranger is told. */
export function refuse(c: Context): Response {
  return c.json({ error: 'unknown repository, wrong signature, or clocks too far apart' }, 401)
}
