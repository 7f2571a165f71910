import picocolors from 'picocolors'

/** What docs/diagnostics.md says about a code. */
export interface DiagnosticPage {
  readonly code: string
  /** Its first sentence. */
  readonly summary: string
  /** The whole section without its heading, Markdown. */
  readonly text: string
}

/** The sections of docs/diagnostics.md, in its order. */
export function diagnosticPages(markdown: string): readonly DiagnosticPage[] {
  const [, ...sections] = markdown.split(/^## /m)
  return sections.map((section) => {
    const end = section.indexOf('\n')
    const text = section.slice(end).trim()
    const paragraph = text.split('\n\n', 1)[0]!.replaceAll('\n', ' ')
    return { code: section.slice(0, end).trim(), summary: firstSentence(paragraph), text }
  })
}

const firstSentence = (paragraph: string): string =>
  /^.*?\.(?=\s|$)/.exec(paragraph)?.[0] ?? paragraph

interface TextOptions {
  readonly colour?: boolean
}

/** A section for a terminal: paragraphs in 80 columns, examples indented. */
export function diagnosticPageText(
  { code, text }: DiagnosticPage,
  { colour = false }: TextOptions = {},
): string {
  const { bold } = picocolors.createColors(colour)
  const parts = text.split(/^```.*$/m).flatMap((part, index) => {
    if (index % 2 === 1) return [indented(part.replaceAll(/^\n|\n$/g, ''))]
    return part.split(/\n{2,}/).flatMap((one) => (one.trim() === '' ? [] : wrapped(one, '')))
  })
  return `${[bold(code), ...parts].join('\n\n')}\n`
}

/** Every code with its first sentence, for a terminal. */
export function diagnosticPagesText(
  pages: readonly DiagnosticPage[],
  { colour = false }: TextOptions = {},
): string {
  const { bold } = picocolors.createColors(colour)
  const wide = Math.max(...pages.map(({ code }) => code.length)) + 2
  const lines = pages.map(({ code, summary }) => {
    const sentence = wrapped(summary, ' '.repeat(wide)).trimStart()
    return `${bold(code)}${' '.repeat(wide - code.length)}${sentence}\n`
  })
  return lines.join('')
}

const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, '    ')

/** Words in lines of 80 columns; code within them is not taken apart. */
function wrapped(text: string, indent: string): string {
  const lines: string[] = []
  let line = indent
  for (const [word] of text.matchAll(/(?:`[^`]*`|[^\s`])+/g)) {
    const whole = word.replaceAll(/\s+/g, ' ')
    if (line !== indent && line.length + 1 + whole.length > 80) {
      lines.push(line)
      line = indent
    }
    line += line === indent ? whole : ` ${whole}`
  }
  return [...lines, line].join('\n')
}
