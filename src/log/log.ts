import { pino } from 'pino'
import type { Log } from '../model/ports.ts'
import { redact } from './redact.ts'
import { currentTrace } from './trace.ts'

/** The port, and the way to tell it what must never be written. */
export interface RedactingLog extends Log {
  /** From now on this text is written as `[secret]`, wherever it turns up. */
  addSecret(secret: string): void
}

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly secrets?: readonly string[]
  /** Makes another text of a line of JSON, which has its line break and no secrets any more. */
  readonly format?: (line: string) => string
  /** Takes one line with its line break. */
  readonly write: (line: string) => void
}

/** Writes lines, of JSON unless a format is given, without the secrets that it was told and without credentials of any kind. */
export function createLog({
  level,
  secrets = [],
  format = (line) => line,
  write,
}: LogOptions): RedactingLog {
  const known = new Set(secrets)
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: 'text',
      mixin: () => ({ trace: currentTrace()?.id }),
      serializers: { err: serializeError, error: serializeError },
    },
    { write: (line: string) => write(format(redact(line, known))) },
  )
  return {
    debug: (data, text) => logger.debug(data, text),
    info: (data, text) => logger.info(data, text),
    warn: (data, text) => logger.warn(data, text),
    error: (data, text) => logger.error(data, text),
    addSecret: (secret) => void known.add(secret),
  }
}

/** A program's whole call, or a server's whole page, is no reading for anybody. */
const longestMessage = 2000

/**
 * An error with its causes; of these the words alone. Whatever else hangs on one, such as a request with
 * its headers, is left out.
 */
function serializeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return error
  const { name: type, message, stack, cause } = error
  return {
    type,
    message: message.slice(0, longestMessage),
    ...(depth === 0 ? { stack: stack?.slice(0, 2 * longestMessage) } : {}),
    ...(cause === undefined ? {} : { cause: serializeError(cause, depth + 1) }),
  }
}
