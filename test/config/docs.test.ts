import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readConfig } from '../../src/config/config.ts'
import { createMetrics } from '../../src/log/metrics.ts'

const page = readFileSync('docs/controller.md', 'utf8')
const { privateKey: key } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
})
const schema = JSON.parse(readFileSync('schemas/controller.schema.json', 'utf8')) as Node

interface Node {
  readonly description: string
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, Node>>
  readonly items?: Node
  readonly $defs?: Readonly<Record<string, Node>>
}

/** The rows that the schema gives: setting, default, description. */
function rows(node: Node, path: string): readonly string[] {
  if (node.properties) {
    return Object.entries(node.properties).flatMap(([key, child]) =>
      rows(child, path === '' ? key : `${path}.${key}`),
    )
  }
  if (node.items) return rows(schema.$defs!['repository']!, `${path}[]`)
  const preset = node.default === undefined ? '' : `\`${String(node.default)}\``
  return [`| \`${path}\` | ${preset} | ${node.description} |`]
}

/** Prettier pads the cells of a table. */
const unpadded = (line: string): string => line.replaceAll(/ +/g, ' ')

test('the table of settings is what the schema says, row by row', () => {
  const [, table = ''] = page.split('## Settings')
  const shown = table.split('\n').filter((line) => /^\| `/.test(line))
  const expected = rows(schema, '').map(unpadded)
  expect(shown.map(unpadded).slice(0, expected.length)).toEqual(expected)
})

test('every example of controller.yaml on the page is taken as it is', () => {
  const examples = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, text]) => text!)
  expect(examples.length).toBeGreaterThan(1)
  for (const text of examples) {
    const { diagnostics } = readConfig({
      file: '/etc/nixcluster/controller.yaml',
      text,
      env: {},
      readFile: (path) => ({
        text: path.endsWith('.pem') ? key : '0123456789abcdef',
        mode: 0o100400,
      }),
    })
    expect(diagnostics).toEqual([])
  }
})

test('the page lists every metric of ours', async () => {
  const ours = [...(await createMetrics().text()).matchAll(/^# TYPE (nixcluster_\w+)/gm)]
  expect(ours.length).toBeGreaterThan(5)
  for (const [, name] of ours) expect(page).toContain(`\`${name}\``)
})
