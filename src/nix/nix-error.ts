import { redactText } from '../log/redact.ts'
import { CommandError } from '../model/errors.ts'

const maxLines = 30

/**
 * Nix' own message of a failed evaluation, then the places in `tree`, the evaluated source, that led
 * to it, the nearest first. Throws what is no answer of Nix.
 */
export function evaluationError(error: unknown, tree: string): string {
  if (!(error instanceof CommandError) || isWorldly(error)) throw error
  if (error.timedOut) return `the evaluation did not end in time: ${error.message}`
  const lines = withoutHashes(error.stderr, tree).split('\n')
  const start = lines.findIndex((line) => line.startsWith('error:'))
  if (start < 0) return shortened(lines.join('\n').trim() || error.message)
  // Nix prints the trace first, the outermost step at its top, and the error last.
  const last = lines.findLastIndex((line) => /^\s*error:/.test(line))
  const message = withoutCode(undented(lines.slice(last)).replace(/^error:\s*/, ''))
  const found = steps(lines.slice(start, last))
  const isEndless = message.startsWith('infinite recursion encountered')
  return shortened([...(isEndless ? recursion(found) : [message]), ...found].join('\n'))
}

/**
 * What a recursion without end means to whoever wrote the YAML: most often, a value of `config` decides
 * which modules or options there are, and `config` comes from these. Nix points at its own library.
 */
function recursion(found: readonly string[]): readonly string[] {
  const message = 'infinite recursion encountered'
  if (found.some((step) => step.startsWith('while evaluating the option')))
    return [`${message}: an option's value depends on itself`]
  const generated = /attribute '([^']+)', at nixcluster\/(\w+)s\/[^:]*?([^/:]+)\.nix:/
  const [, key, kind, name] = found.flatMap((step) => generated.exec(step) ?? []).slice(0, 4)
  const at = found.map((step) => / at ((?!nixcluster\/).*:\d+:\d+)$/.exec(step)?.[1]).find(Boolean)
  if (name === undefined) return [message]
  return [
    `${message}: '${key}' of the ${kind} ${name} is a !nix value of \`config\` that decides what is imported or which options are set${at === undefined ? '' : `, at ${at}`}`,
    'NixOS knows `config` only when all modules are there: import always and decide with lib.mkIf in the value of an option, or write the value in the YAML without `config`',
  ]
}

/** Nix itself is away or has no room: no fault of the configuration, and over when that is mended. */
export const isWorldly = ({ exitCode, signal, timedOut, stderr }: CommandError): boolean =>
  (exitCode === undefined && signal === undefined && !timedOut) ||
  /No space left on device|cannot connect to (socket|daemon)|cannot open connection/.test(stderr)

/** What of the trace concerns the user: options, definitions, and places of their own files. */
function steps(trace: readonly string[]): readonly string[] {
  const found: string[] = []
  trace.forEach((line, at) => {
    const step = /^\s*… (.*?):?$/.exec(line)?.[1]
    if (step === undefined) return
    const place = /^\s*at (.+:\d+:\d+):?$/.exec(trace[at + 1] ?? '')?.[1]
    if (place !== undefined && isTheirs(place)) found.push(`${step}, at ${place}`)
    else if (/^while evaluating (the option|definitions from `[^/«…])/.test(step)) found.push(step)
  })
  return [...new Set(found.reverse())].slice(0, 5)
}

/** Not Nix', an input's or the generated tree's own. */
const isTheirs = (place: string): boolean => !/^([/«…<]|flake\.nix:|nixcluster\/lib\/)/.test(place)

/** Without the lines of code around a place in our own expression. */
const withoutCode = (message: string): string =>
  message.replaceAll(/^at «string».*\n(?: *\d* *\|.*(?:\n|$))*/gm, '').trim()

/** What the builders that one derivation needs said before they failed, or what stood in the way. */
export function buildErrors(error: CommandError, drv: string, needs: ReadonlySet<string>): string {
  if (error.timedOut && !hasFailed(error, drv, needs)) {
    return `the build did not end in time: ${error.message}`
  }
  const own = errorBlocks(error).filter((block) => {
    const named = derivationIn(block)
    return named === undefined || named === drv || needs.has(named)
  })
  const causes = own.filter((block) => !/dependenc(y|ies) of|build of .* failed/.test(block))
  const text = (causes.length > 0 ? causes : own).map((block) => undented(block.split('\n')))
  return shortened([...new Set(text)].join('\n') || error.message)
}

/** Whether a builder of what one derivation needs failed before the build was stopped. */
export const hasFailed = (error: CommandError, drv: string, needs: ReadonlySet<string>): boolean =>
  errorBlocks(error)
    .flatMap((block) => derivationIn(block) ?? [])
    .some((named) => named === drv || needs.has(named))

/** Nix indents what belongs to an error; what else it does meanwhile stands at the margin. */
const errorBlocks = ({ stderr }: CommandError): readonly string[] =>
  stderr.match(/^error:.*(\n([ \t].*)?)*$/gm) ?? []

const derivationIn = (block: string): string | undefined =>
  /'?(\/nix\/store\/[^\s']+\.drv)/.exec(block)?.[1]

/** A file of the tree by its own name, one of an input by the part that tells people something. */
const withoutHashes = (text: string, tree: string): string =>
  text
    .replaceAll(`${tree}/`, '')
    .replaceAll(/«git\+file:[^»]*»\//g, '')
    .replaceAll(/\/nix\/store\/[0-9a-z]{32}-source\//g, '…/')

function undented(lines: readonly string[]): string {
  const [first = '', ...rest] = lines
  const indents = rest.filter((line) => line.trim() !== '').map((line) => line.search(/\S/))
  const indent = indents.length === 0 ? 0 : Math.min(...indents)
  return [first.trim(), ...rest.map((line) => line.slice(indent).trimEnd())].join('\n').trim()
}

/** As comments and the ledger may have it: a substituter's address, for one, may hold a password. */
function shortened(text: string): string {
  const clean = redactText(text, [])
  const lines = clean.split('\n')
  if (lines.length <= maxLines) return clean
  return [...lines.slice(0, 5), `[${lines.length - maxLines} lines left out]`]
    .concat(lines.slice(5 - maxLines))
    .join('\n')
}
