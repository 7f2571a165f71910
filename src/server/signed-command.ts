import type { GivenCommand } from '../model/command.ts'
import type { SignedCommand } from '../model/ports.ts'
import { isSigned } from '../forge/signature.ts'
import { parseObject } from './body.ts'
import { toLineCommand } from './line-command.ts'

/** Who asks for what; a text says what is wrong with the request. */
export function toGivenCommand(body: string): GivenCommand | string {
  const { by, command: asked } = parseObject(body) ?? {}
  if (typeof by !== 'string' || !/^\P{C}{1,100}$/u.test(by))
    return 'who asks? `by` is missing, or is no name'
  const command = toLineCommand(asked)
  return typeof command === 'string' ? command : { by, command }
}

/** What a request out of the queue asks for; undefined unless this secret signed it within five minutes. */
export function readSignedCommand(
  secret: string,
  { signature, ...request }: SignedCommand,
  now: Date,
): GivenCommand | undefined {
  if (secret === '' || !isSigned(secret, request, signature, now)) return undefined
  const given = toGivenCommand(request.body)
  return typeof given === 'string' ? undefined : given
}
