import picocolors from 'picocolors'
import type { Examined } from '../model/finding.ts'
import { plain, wrap } from './plain.ts'
import { count } from './wording.ts'

const marks = { fine: '✓', warning: '!', wrong: '✗' } as const
const width = 80
/** Names are in a column of their own, unless one of them is longer than this. */
const longestName = 24

/** One group's findings: a line each, and below it what is to be done. */
export function groupText(
  group: string,
  findings: readonly Examined[],
  { colour = false }: { readonly colour?: boolean } = {},
): string {
  const { bold, dim, green, red, yellow } = picocolors.createColors(colour)
  const tint = { fine: green, warning: yellow, wrong: red } as const
  const longest = Math.max(...findings.map(({ name }) => plain(name).length))
  const column = Math.min(longest, longestName)
  const lines = findings.flatMap(({ name, state, found, advice }) => {
    const head = `  ${tint[state](marks[state])} ${plain(name).padEnd(column)}`
    const indent = ' '.repeat(column + 6)
    const [first = '', ...more] = wrap(oneLine(found), width - indent.length)
    const todo = advice === undefined ? [] : wrap(oneLine(advice), width - indent.length - 2)
    return [
      `${head}  ${first}`,
      ...more.map((line) => `${indent}${line}`),
      ...todo.map((line, at) => `${indent}${dim(at === 0 ? '→ ' : '  ')}${line}`),
    ]
  })
  return [bold(plain(group)), ...lines, ''].join('\n')
}

/** The last line: how many checks, and how many of them are not fine. */
export function doctorSummary(findings: readonly Examined[]): string {
  const of = (state: Examined['state']): number =>
    findings.filter((finding) => finding.state === state).length
  const rest = [
    ...(of('wrong') > 0 ? [`${of('wrong')} wrong`] : []),
    ...(of('warning') > 0 ? [count(of('warning'), 'warning')] : []),
  ]
  const checks = count(findings.length, 'check')
  return rest.length === 0 ? `${checks}, all is fine.` : `${checks}: ${rest.join(', ')}.`
}

/** Programs say more than a line; here it is one. */
const oneLine = (text: string): string => text.trim().replaceAll(/\s*\n\s*/g, '; ')
