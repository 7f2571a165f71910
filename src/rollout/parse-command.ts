import type { Command } from '../model/command.ts'
import { parseUntil, untilForms } from './until.ts'

/** What a line that begins with `/nixcluster` says. */
export type Parsed =
  | { readonly kind: 'command'; readonly command: Command }
  /** No command is called so. */
  | { readonly kind: 'unknown'; readonly word: string }
  /** The command is known, what follows it is not. */
  | { readonly kind: 'mistake'; readonly verb: string; readonly text: string }

/**
 * Reads a comment: each line that begins with `/nixcluster` is a command, but for those in a code block
 * and in a quotation. Times are taken from `now`.
 */
export function parseComment(text: string, now: Date): readonly Parsed[] {
  let isCode = false
  return text.split(/\r\n|\r|\n/).flatMap((line) => {
    if (/^ {0,3}(```|~~~)/.test(line)) isCode = !isCode
    const words = /^ {0,3}\/nixcluster(?=\s|$)(.*)$/i.exec(line)?.[1]
    return words === undefined || isCode ? [] : [parseCommand(words, now)]
  })
}

/** Reads one command, without the `/nixcluster` in front. */
export function parseCommand(text: string, now: Date): Parsed {
  const [word = '', ...rest] = text.trim().split(/\s+/)
  const verb = word.toLowerCase()
  const given = (command: Command): Parsed => ({ kind: 'command', command })
  const mistake = (words: string): Parsed => ({ kind: 'mistake', verb, text: words })
  const alone = (command: Command): Parsed =>
    rest.length === 0 ? given(command) : mistake(`\`${verb}\` takes nothing more`)
  switch (verb) {
    case '':
    case 'help':
      return given({ kind: 'help' })
    case 'plan':
    case 'deploy':
      return alone({ kind: verb })
    case 'approve': {
      const [commit, ...more] = rest
      if (commit === undefined) return given({ kind: 'approve' })
      if (more.length > 0 || !/^[0-9a-f]{7,64}$/i.test(bare(commit))) {
        return mistake('`approve` takes the commit that you mean, at least 7 characters of it')
      }
      return given({ kind: 'approve', commit: bare(commit).toLowerCase() })
    }
    case 'allow': {
      const [what = '', amount = '', ...more] = rest
      const isNumber = /^[1-9]\d{0,5}$/.test(amount) && more.length === 0
      return /^removals?$/i.test(what) && isNumber
        ? given({ kind: 'allow-removal', count: Number(amount) })
        : mistake('`allow removal` takes how many may go: `allow removal 3`')
    }
    case 'retry':
    case 'resume': {
      const [selector, ...more] = rest
      if (more.length > 0) return mistake(`\`${verb}\` takes one selector, or none for all`)
      return given(
        selector === undefined ? { kind: verb } : { kind: verb, selector: bare(selector) },
      )
    }
    case 'pause': {
      const [selector, until, ...time] = rest
      if (selector === undefined) return mistake('`pause` takes a selector: `pause vm0 until 2h`')
      if (until === undefined) return given({ kind: 'pause', selector: bare(selector) })
      if (until.toLowerCase() !== 'until') {
        return mistake('`pause` takes one selector, and `until` a time')
      }
      const end = parseUntil(bare(time.join(' ')), now)
      return end === undefined
        ? mistake(`\`until\` takes a time to come, in UTC where no zone is given: ${untilForms}`)
        : given({ kind: 'pause', selector: bare(selector), until: toIso(end) })
    }
    default:
      return { kind: 'unknown', word }
  }
}

/** Whole seconds: what people read and write has no more. */
export const toIso = (time: Date): string => time.toISOString().replace(/\.\d+Z$/, 'Z')

/** Without the quotes that keep a `*` from a shell or from Markdown. */
const bare = (word: string): string => word.replace(/^(["'`])(.*)\1$/, '$2')
