import type { Diagnostic } from '../model/diagnostic.ts'
import type { DiagnosticPage } from './diagnostic-pages.ts'

export interface SarifOptions {
  readonly version: string
  /** Leads from the log's root to the files. */
  readonly prefix?: string
  /** What the rules say about themselves. */
  readonly pages?: readonly DiagnosticPage[]
}

/** Diagnostics as a SARIF 2.1.0 log, for code scanning. */
export function sarifLog(
  diagnostics: readonly Diagnostic[],
  { version, prefix = '', pages = [] }: SarifOptions,
): object {
  const codes = [...new Set(diagnostics.map(({ code }) => code))].sort()
  const known = new Map(pages.map((page) => [page.code, page]))
  const indices = new Map(codes.map((code, index) => [code, index]))
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'nixcluster',
            semanticVersion: version,
            rules: codes.map((code) => ruleOf(code, known.get(code))),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: diagnostics.map((diagnostic) => ({
          ruleId: diagnostic.code,
          ruleIndex: indices.get(diagnostic.code),
          level: diagnostic.severity,
          message: { text: textOf(diagnostic) },
          locations: [locationOf(diagnostic, prefix)],
        })),
      },
    ],
  }
}

/** A viewer that reads Markdown shows the page, another one where it is. */
const ruleOf = (code: string, page: DiagnosticPage | undefined): object => ({
  id: code,
  ...(page && { shortDescription: { text: page.summary } }),
  help: { text: `nixcluster explain ${code}`, ...(page && { markdown: page.text }) },
})

const textOf = ({ message, hint }: Diagnostic): string =>
  hint === undefined ? message : `${message}\n${hint}`

const locationOf = (
  { file, line, column, endLine, endColumn }: Diagnostic,
  prefix: string,
): object => ({
  physicalLocation: {
    artifactLocation: {
      uri: `${prefix}${file}`.split('/').map(encodeURIComponent).join('/'),
      uriBaseId: '%SRCROOT%',
    },
    region: { startLine: line, startColumn: column, endLine, endColumn },
  },
})
