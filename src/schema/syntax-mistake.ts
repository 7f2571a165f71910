import type { Complaint } from '../model/diagnostic.ts'

/** What is wrong with a text that is no YAML, in the writer's words where they are known. */
export function syntaxMistake(
  code: string,
  message: string,
  text: string,
  [start, end]: readonly [number, number],
): Pick<Complaint, 'code' | 'message' | 'hint'> {
  const say = (words: string, hint?: string) => ({
    code: 'schema/syntax',
    message: words,
    ...(hint === undefined ? {} : { hint }),
  })
  const word = /^\S+/.exec(text.slice(start, start + 80))?.[0] ?? ''
  const [line, entry] = entryAt(text, start)
  switch (code) {
    case 'NON_STRING_KEY':
      return say('a key must be text', 'put a value that contains a colon or a bracket in quotes')
    case 'BLOCK_AS_IMPLICIT_KEY':
      return say("text with ': ' in it needs quotes", entry && `write ${entry}`)
    case 'BLOCK_IN_FLOW':
      return say(
        "text with ': ' in it needs quotes",
        `write ${quoted(text.slice(start, end).trim())}`,
      )
    case 'BAD_SCALAR_START':
      return say(
        `text that begins with ${word.charAt(0)} needs quotes`,
        `write ${quoted(/^[^\s,\]}]*/.exec(word)![0] || word)}`,
      )
    case 'BAD_ALIAS':
      return say(`text that begins with ${word.charAt(0)} needs quotes`, `write ${quoted(word)}`)
    case 'MISSING_CHAR':
    case 'UNEXPECTED_TOKEN': {
      if (word.startsWith('*'))
        return say('text that begins with * needs quotes', `write ${quoted(word)}`)
      if (/!nix\s/.test(line))
        return say('the Nix in !nix needs quotes here', entry && `write ${entry}`)
      const around = wordAround(text, start)
      if (around !== undefined)
        return say(`text with ${word.charAt(0)} in it needs quotes here`, `write ${quoted(around)}`)
    }
  }
  return say(message.charAt(0).toLowerCase() + message.slice(1))
}

/** YAML's double quotes where nothing has to be escaped in them, else single ones. */
export function quoted(text: string): string {
  return /["\\]/.test(text) ? `'${text.replaceAll("'", "''")}'` : `"${text}"`
}

/** The line of an offset, and the same with its value in quotes where it is a key with one. */
function entryAt(text: string, offset: number): readonly [line: string, entry?: string] {
  const begin = text.lastIndexOf('\n', offset - 1) + 1
  const end = text.indexOf('\n', offset)
  const line = text.slice(begin, end < 0 ? undefined : end).trim()
  if (line.length > 200) return [line]
  const [, head = '', tag = '', value] =
    /^((?:- +)*(?:[^\s:'"[{]\S*: +)?)(?:(!\w+) +)?(\S.*)$/.exec(line) ?? []
  const isText = value !== undefined && (tag !== '' || !/^["'[{]/.test(value))
  if (!isText || head === '') return [line]
  return [line, `${head}${tag && `${tag} `}${quoted(value)}`]
}

/** What stands around an offset without space or comma, brackets of its own only; undefined at its begin. */
function wordAround(text: string, offset: number): string | undefined {
  const before = /[^\s,[\]{}]+$/.exec(text.slice(Math.max(0, offset - 200), offset))?.[0]
  if (before === undefined) return undefined
  const after = /^[^\s,]*/.exec(text.slice(offset, offset + 200))![0]
  let open = 0
  const end = [...after].findIndex((char) => {
    if ('[{'.includes(char)) open++
    if (']}'.includes(char)) open--
    return open < 0
  })
  return before + (end < 0 ? after : after.slice(0, end))
}
