import type { Diagnostic } from '../model/diagnostic.ts'

/** Diagnostics as a SARIF 2.1.0 log, for code scanning; `prefix` leads from its root to the files. */
export function sarifLog(
  diagnostics: readonly Diagnostic[],
  { version, prefix = '' }: { readonly version: string; readonly prefix?: string },
): object {
  const codes = [...new Set(diagnostics.map(({ code }) => code))].sort()
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
            rules: codes.map((code) => ({
              id: code,
              help: { text: `nixcluster explain ${code}` },
            })),
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
