import type { Complaint } from '../model/diagnostic.ts'

type Mistake = Pick<Complaint, 'code' | 'message' | 'hint'>

/** What is wrong with a text that is no YAML, in the writer's words where they are known. */
export function syntaxMistake(
  code: string,
  message: string,
  text: string,
  [start, end]: readonly [number, number],
): Mistake {
  const say = (words: string, hint?: string): Mistake => ({
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
      if (isItem(text, start)) return say('an item of a list cannot stand beside keys')
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
    case 'TAB_AS_INDENT':
      return say('YAML is indented with spaces, and this is a tab')
    case 'BAD_INDENT': {
      const missing = /end with a ([\]}])$/.exec(message)?.[1]
      return missing === undefined
        ? say('this line is not indented as those beside it')
        : say(
            `a ${missing} is missing ${text.slice(start).trim() === '' ? 'at the end' : 'before this'}`,
          )
    }
    case 'MULTILINE_IMPLICIT_KEY':
    case 'MISSING_CHAR':
    case 'UNEXPECTED_TOKEN': {
      const closing = /^Missing closing (["'])/.exec(message)?.[1]
      if (closing !== undefined) return say(`the text that begins here has no closing ${closing}`)
      if (word.startsWith('*'))
        return say('text that begins with * needs quotes', `write ${quoted(word)}`)
      const before = text.charAt(start - 1)
      if (/["']/.test(before) && code === 'UNEXPECTED_TOKEN')
        return say(
          `the text ended at the ${before} before this`,
          before === "'"
            ? "write '' for a ' in single quotes"
            : 'write \\" for a " in double quotes',
        )
      if (/^[\]}]/.test(word) && / in YAML stream/.test(message))
        return say(`this ${word.charAt(0)} closes nothing`)
      const [, key, value] = /^([\w.-]+):(\S+)$/.exec(word) ?? []
      if (key !== undefined)
        return say('a space is missing after the colon', `write ${key}: ${value}`)
      if (isItem(text, start) && code === 'MULTILINE_IMPLICIT_KEY')
        return say('an item of a list cannot stand beside keys')
      if (/^[\w.-]+$/.test(word) && /^Implicit/.test(message))
        return say(`a colon is missing after '${word}'`, `write ${word}:`)
      if (/!nix\s/.test(line))
        return say('the Nix in !nix needs quotes here', entry && `write ${entry}`)
      const around = wordAround(text, start)
      if (around !== undefined)
        return say(`text with ${word.charAt(0)} in it needs quotes here`, `write ${quoted(around)}`)
    }
  }
  return say(message.charAt(0).toLowerCase() + message.slice(1))
}

/** What is to be shown of it: the parser often sees the mistake only later, or only its first character. */
export function mistakenSpan(
  code: string,
  message: string,
  text: string,
  [start, end]: readonly [number, number],
): { readonly start: number; readonly end: number } {
  const wordFrom = (from: number): { start: number; end: number } => ({
    start: from,
    end: from + (/^\S+/.exec(text.slice(from, from + 200))?.[0].length ?? 0),
  })
  if (code === 'BAD_INDENT' || (code === 'BLOCK_AS_IMPLICIT_KEY' && isItem(text, start)))
    return wordFrom(start + /^ */.exec(text.slice(start, start + 200))![0].length)
  if (/^Implicit/.test(message)) return wordFrom(start)
  const closing = /^Missing closing (["'])/.exec(message)?.[1]
  if (closing === undefined) return { start, end }
  // Nothing after the opening quote closes it, so it is the last.
  const opening = text.lastIndexOf(closing, Math.max(start - 1, 0))
  return { start: opening, end: opening + /^.*/.exec(text.slice(opening))![0].length }
}

/** YAML's double quotes where nothing has to be escaped in them, else single ones. */
export function quoted(text: string): string {
  return /["\\]/.test(text) ? `'${text.replaceAll("'", "''")}'` : `"${text}"`
}

/** Whether a line's first character from an offset on begins an item of a list. */
function isItem(text: string, offset: number): boolean {
  return /^ *-\s/.test(text.slice(offset, offset + 200))
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
