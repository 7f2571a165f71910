import { createHmac, timingSafeEqual } from 'node:crypto'

/** What plain git's hook and the command line sign: nothing of it can be taken for another request. */
export interface SignedRequest {
  readonly method: string
  /** Path and query as the controller sees them, from its root. */
  readonly path: string
  readonly body: string
  /** Unix time in seconds, as text. */
  readonly timestamp: string
}

export const signatureHeader = 'x-nixcluster-signature-256'
export const timestampHeader = 'x-nixcluster-timestamp'

/** How far the clocks of two machines may be apart. */
const tolerance = 5 * 60

/** Gives the header's value: `sha256=` and the HMAC in hexadecimal. */
export function signRequest(secret: string, request: SignedRequest): string {
  const { method, path, body, timestamp } = request
  const text = [timestamp, method, path, body].join('\n')
  return `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`
}

/** True when the secret's owner signed this very request less than five minutes ago. */
export function isSigned(
  secret: string,
  request: SignedRequest,
  signature: string,
  now: Date,
): boolean {
  const age = Math.abs(now.getTime() / 1000 - Number(request.timestamp))
  if (!/^\d+$/.test(request.timestamp) || age > tolerance) return false
  const given = Buffer.from(signature)
  const wanted = Buffer.from(signRequest(secret, request))
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}
