/**
 * Somebody's own expression with all lines but the first indented. Lines within a text in double
 * quotes are content, and so may be those of a text whose first line begins right behind its quotes:
 * where there is such a text nothing is moved.
 */
export function indentCode(code: string, indentation: string): string {
  const trimmed = code.replace(/^\s*\n|\s+$/g, '')
  if (!trimmed.includes('\n')) return trimmed
  const lines = linesOf(trimmed)
  if (lines === undefined) return trimmed
  return lines
    .map(({ text, isContent }, index) => {
      const line = isContent ? text : text.trimEnd()
      return index === 0 || line === '' ? line : indentation + line
    })
    .join('\n')
}

/** Whether the expression goes on on the line of its `=`, as sets, lists and calls with them at the end do. */
export function opensOnItsFirstLine(code: string): boolean {
  const [first = ''] = code.trim().split('\n', 1)
  return (
    /(?:[[{(]|'')$/.test(first) && !/^(?:let|if|assert)\b|^\{[^}]*\}\s*:|^[\w'-]+\s*:/.test(first)
  )
}

/** Whether a comment may stand at its end, which would swallow what follows on that line. */
export function mayEndInComment(code: string): boolean {
  return code.slice(code.lastIndexOf('\n') + 1).includes('#')
}

interface Line {
  readonly text: string
  /** Begins inside of a text. */
  readonly isContent: boolean
}

const tokens = {
  code: /#[^\n]*|\/\*[^]*?\*\/|"|''|[{}]|\n/g,
  text: /\\[^]|\$\$|\$\{|"|\n/g,
  lines: /'''|''\$|''\\[^]?|''|\$\$|\$\{|\n/g,
}

/** The lines of an expression, undefined where one of them must stay where it is. */
function linesOf(code: string): readonly Line[] | undefined {
  /** `isFixed`: its next line cannot be moved, since its first one has no indentation to compare with. */
  const within: { kind: keyof typeof tokens; isFixed: boolean }[] = [
    { kind: 'code', isFixed: false },
  ]
  const lines: Line[] = []
  let start = 0
  let isContent = false
  let at = 0
  for (;;) {
    const { kind, isFixed } = within.at(-1)!
    tokens[kind].lastIndex = at
    const [found] = tokens[kind].exec(code) ?? []
    if (found === undefined) break
    at = tokens[kind].lastIndex
    if (found === '\n') {
      if (isFixed) return undefined
      lines.push({ text: code.slice(start, at - 1), isContent })
      start = at
      isContent = kind === 'lines'
    } else if (found === '"') {
      if (kind === 'text') within.pop()
      else within.push({ kind: 'text', isFixed: true })
    } else if (found === "''") {
      if (kind === 'lines') within.pop()
      else within.push({ kind: 'lines', isFixed: !/^ *\n/.test(code.slice(at, at + 80)) })
    } else if (found === '${' || found === '{') within.push({ kind: 'code', isFixed: false })
    else if (found === '}' && within.length > 1) within.pop()
  }
  return [...lines, { text: code.slice(start), isContent }]
}
