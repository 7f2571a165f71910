import { CommandError } from '../model/errors.ts'

const maxLines = 30

/**
 * Nix' own message of a failed evaluation: the error itself first, then the places that led to it.
 * Throws what is no answer of Nix.
 */
export function evaluationError(error: unknown): string {
  if (!(error instanceof CommandError)) throw error
  if (error.timedOut) return `the evaluation did not end in time: ${error.message}`
  const lines = withoutPaths(error.stderr).split('\n')
  // Nix prints the trace first and the error last, indented below `error:`.
  const start = lines.findIndex((line) => line.startsWith('error:'))
  if (start < 0) return shortened(lines.slice(-maxLines).join('\n').trim()) || error.message
  const body = lines.slice(start)
  const last = body.findLastIndex((line) => /^\s*error:/.test(line))
  const message = undented(body.slice(last)).replace(/^error:\s*/, '')
  const places = tracePlaces(body.slice(0, last))
  return shortened([message, ...places].join('\n'))
}

/** The places of the trace that lie in the user's files, innermost last as Nix has them. */
function tracePlaces(trace: readonly string[]): readonly string[] {
  const places: string[] = []
  trace.forEach((line, at) => {
    const place = /^\s*at (.+:\d+:\d+):?$/.exec(line)?.[1]
    if (place === undefined || place.startsWith('«') || place.startsWith('/nix/store')) return
    const doing = trace
      .slice(0, at)
      .findLast((above) => above.includes('…'))
      ?.trim()
    places.push(`${doing ?? '…'}, at ${place}`)
  })
  return [...new Set(places)].slice(-5)
}

/** What the builders that one derivation needs said before they failed, or what stood in the way. */
export function buildErrors(error: CommandError, drv: string, needs: ReadonlySet<string>): string {
  if (error.timedOut) return `the build did not end in time: ${error.message}`
  const blocks = error.stderr.split(/^(?=error:)/m).filter((block) => block.startsWith('error:'))
  const own = blocks.filter((block) => {
    const named = /'?(\/nix\/store\/[^\s']+\.drv)/.exec(block)?.[1]
    return named === undefined || named === drv || needs.has(named)
  })
  const causes = own.filter((block) => !/dependenc(y|ies) of|build of .* failed/.test(block))
  const text = (causes.length > 0 ? causes : own).map((block) => undented(block.split('\n')))
  return shortened([...new Set(text)].join('\n')) || error.message
}

/** `/nix/store/…-source/a.nix` is `a.nix`: the tree's hash tells people nothing. */
const withoutPaths = (text: string): string =>
  text.replaceAll(/(?:«git\+file:[^»]*»|\/nix\/store\/[0-9a-z]{32}-source)\//g, '')

function undented(lines: readonly string[]): string {
  const [first = '', ...rest] = lines
  const indents = rest.filter((line) => line.trim() !== '').map((line) => line.search(/\S/))
  const indent = indents.length === 0 ? 0 : Math.min(...indents)
  return [first.trim(), ...rest.map((line) => line.slice(indent).trimEnd())].join('\n').trim()
}

function shortened(text: string): string {
  const lines = text.split('\n')
  if (lines.length <= maxLines) return text
  return [...lines.slice(0, 5), `[${lines.length - maxLines} lines left out]`]
    .concat(lines.slice(5 - maxLines))
    .join('\n')
}
