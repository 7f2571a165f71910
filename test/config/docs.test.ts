import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readConfig } from '../../src/config/config.ts'
import { readEnvironment, settingsOf, type SettingSchema } from '../../src/config/environment.ts'
import { createMetrics } from '../../src/log/metrics.ts'

const page = readFileSync('docs/controller.md', 'utf8')
const { privateKey: key } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
})
const schema = JSON.parse(readFileSync('schemas/controller.schema.json', 'utf8')) as SettingSchema

test('every variable of the table is read, into its setting, and its example is taken', () => {
  const rows = [...page.matchAll(/^\| `([^`]+)` .*\| `(NIXCLUSTER_\w+)` +\| `([^`]+)` +\|/gm)]
  expect(rows.length).toBe(settingsOf(schema, () => [0]).length)
  for (const [, name = '', variable = '', example = ''] of rows) {
    const [setting, ...others] = readEnvironment(schema, { [variable]: example })
    expect(others).toEqual([])
    expect(setting?.path.map((step) => (step === 0 ? '[]' : `.${step}`)).join('')).toBe(`.${name}`)
    const smallest = { NAME: 'fleet', URL: '/srv/fleet.git', SECRET_FILE: 'fleet.secret' }
    const needed = Object.entries(smallest).map(([key, value]) => [
      `NIXCLUSTER_REPOSITORIES_0_${key}`,
      value,
    ])
    const { diagnostics } = readConfig({
      ...{ file: '/etc/nixcluster/controller.yaml', text: undefined },
      env: { ...Object.fromEntries(needed), [variable]: example },
      readFile: () => ({ text: '0123456789abcdef', mode: 0o100400 }),
    })
    const complaints = diagnostics.filter(({ file }) => file === variable)
    expect(complaints.map(({ message }) => message)).toEqual(
      // It is a key and not a text of any kind.
      variable.endsWith('PRIVATE_KEY_FILE') ? [expect.stringContaining('RSA')] : [],
    )
  }
})

test('every example of controller.yaml on the page is taken as it is', () => {
  const blocks = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, text]) => text!)
  const examples = blocks.filter((text) => !text.startsWith('# Alerts'))
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

test('the page lists every metric of ours, and no other', async () => {
  const ours = [...(await createMetrics('1.2.3').text()).matchAll(/^# TYPE (nixcluster_\w+)/gm)]
  expect(ours.length).toBeGreaterThan(5)
  const [, table = ''] = page.split('| metric')
  const listed = [...table.matchAll(/^\| `(nixcluster_\w+)`/gm)]
  expect(listed.map(([, name]) => name).toSorted()).toEqual(ours.map(([, name]) => name).toSorted())
})
