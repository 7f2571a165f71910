import type { Diagnostic } from '../../src/model/diagnostic.ts'

const at = (file: string, line: number, column: number, length: number) => ({
  ...{ file, line, column, endLine: line, endColumn: column + length },
})

/** As `nixcluster validate` finds them. */
export const mistakes: readonly Diagnostic[] = [
  {
    ...at('clusters/example.yaml', 14, 7, 5),
    severity: 'error',
    code: 'schema/unknown-key',
    message: "unknown key 'sytem'",
    hint: "did you mean 'system'?",
  },
  {
    ...at('clusters/example.yaml', 31, 22, 3),
    severity: 'error',
    code: 'selectors/dangling',
    message: "no host or service is called 'vm7' here",
    hint: 'example.com has vm0 to vm3',
  },
  {
    ...at('services/vault.yaml', 5, 3, 9),
    severity: 'warning',
    code: 'selectors/matches-nothing',
    message: "the pattern 'old-*' matches nothing",
  },
]
