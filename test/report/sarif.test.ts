import sarifSchema from '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json' with { type: 'json' }
import draft4 from 'ajv-draft-04'
import { expect, test } from 'vitest'
import type { Diagnostic } from '../../src/model/diagnostic.ts'
import { sarifLog } from '../../src/report/sarif.ts'
import { workflowCommands } from '../../src/report/workflow-commands.ts'

// One of its patterns is none of Unicode's.
const options = { strict: false, logger: false, unicodeRegExp: false } as const
const isSarif = new draft4.default(options).compile(sarifSchema)

const misspelt: Diagnostic = {
  severity: 'error',
  code: 'schema/unknown-key',
  message: "unknown key 'sytem', 100% wrong",
  hint: 'known keys: system',
  file: 'clusters/my fleet.yaml',
  line: 14,
  column: 7,
  endLine: 14,
  endColumn: 12,
}
const unlocked: Diagnostic = {
  severity: 'warning',
  code: 'lock/missing',
  message: 'there is no flake.lock',
  file: 'flake.lock',
  line: 1,
  column: 1,
  endLine: 1,
  endColumn: 1,
}

test('a log is what the official schema of SARIF 2.1.0 asks for', () => {
  const log = sarifLog([misspelt, unlocked, misspelt], { version: '1.2.3', prefix: 'fleet/' })
  expect(isSarif(log), JSON.stringify(isSarif.errors)).toBe(true)
  expect(isSarif({ ...log, version: '2' })).toBe(false)
  expect(log).toMatchObject({
    runs: [
      {
        tool: { driver: { rules: [{ id: 'lock/missing' }, { id: 'schema/unknown-key' }] } },
        results: [
          {
            ruleId: 'schema/unknown-key',
            ruleIndex: 1,
            level: 'error',
            locations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: 'fleet/clusters/my%20fleet.yaml' },
                  region: { startLine: 14, startColumn: 7, endLine: 14, endColumn: 12 },
                },
              },
            ],
          },
          { ruleId: 'lock/missing', level: 'warning' },
          { ruleIndex: 1 },
        ],
      },
    ],
  })
})

test('a rule says what the page of its code says', () => {
  const page = {
    code: 'lock/missing',
    summary: 'There is no lock.',
    text: 'There is no lock. Make one.',
  }
  const log = sarifLog([misspelt, unlocked], { version: '1.2.3', pages: [page] })
  expect(isSarif(log), JSON.stringify(isSarif.errors)).toBe(true)
  expect(log).toMatchObject({
    runs: [
      {
        tool: {
          driver: {
            rules: [
              {
                id: 'lock/missing',
                shortDescription: { text: page.summary },
                help: { text: 'nixcluster explain lock/missing', markdown: page.text },
              },
              { id: 'schema/unknown-key', help: { text: 'nixcluster explain schema/unknown-key' } },
            ],
          },
        },
      },
    ],
  })
})

test('without diagnostics a log says that there are none', () => {
  const log = sarifLog([], { version: '1.2.3' })
  expect(isSarif(log)).toBe(true)
  expect(log).toMatchObject({ runs: [{ results: [] }] })
})

test('workflow commands escape what GitHub would take for their own', () => {
  const twoLines = { ...unlocked, file: 'a,b:c.yaml', message: 'one\ntwo', endLine: 3 }
  expect(workflowCommands([misspelt, twoLines])).toBe(
    "::error file=clusters/my fleet.yaml,line=14,endLine=14,col=7,endColumn=12,title=schema/unknown-key::unknown key 'sytem', 100%25 wrong%0Aknown keys: system\n" +
      '::warning file=a%2Cb%3Ac.yaml,line=1,endLine=3,title=lock/missing::one%0Atwo\n',
  )
})
