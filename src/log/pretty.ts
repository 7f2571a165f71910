import { prettyFactory } from 'pino-pretty'
import { plain } from '../report/plain.ts'

/** Gives what turns a line of JSON into one for people's eyes; of an error, the lines of its stack follow. */
export function createPretty({ colour }: { readonly colour: boolean }): (line: string) => string {
  const toText = prettyFactory({
    colorize: colour,
    messageKey: 'text',
    translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l',
    singleLine: true,
    errorLikeObjectKeys: ['err', 'error'],
  })
  return (line) => toText(JSON.parse(line, harmless) as object)
}

/** JSON escapes what would move the cursor of a terminal; unescaped, it is taken out. */
function harmless(key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value
  const lines = value.split('\n').map(plain)
  return lines.join(key === 'stack' ? '\n' : ' ')
}
