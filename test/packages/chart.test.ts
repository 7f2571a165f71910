import { readdirSync, readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

const chart = 'charts/nixcluster'
const read = (file: string): unknown => parse(readFileSync(`${chart}/${file}`, 'utf8'))

test('the chart has the version of what it installs', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  expect(read('Chart.yaml')).toMatchObject({ version, appVersion: version })
})

test('pods run as the user that the image has', () => {
  const [, id] = /^id=(\d+)$/m.exec(readFileSync('container/install.sh', 'utf8'))!
  const pod = readFileSync(`${chart}/templates/_pod.tpl`, 'utf8')
  expect(pod.match(/(?<=(?:runAsUser|runAsGroup|fsGroup): )\d+/g)).toEqual([id, id, id])
})

const isValid = new Ajv({ allErrors: true, allowUnionTypes: true, strictTuples: false }).compile(
  JSON.parse(readFileSync(`${chart}/values.schema.json`, 'utf8')) as object,
)

test.each(readdirSync(`${chart}/ci`))('the values in ci/%s are of the schema', (name) => {
  isValid(read(`ci/${name}`))
  expect(isValid.errors).toBe(null)
})

test('every value that has a default may be set, and what has none is no value', () => {
  isValid(read('values.yaml'))
  const refused = (isValid.errors ?? []).map(
    ({ instancePath, message }) => `${instancePath} ${message}`,
  )
  expect(refused).toEqual(['/config/repositories must NOT have fewer than 1 items'])
  isValid({ ...(read('ci/minimal-values.yaml') as object), replicas: 2 })
  expect(isValid.errors).toMatchObject([{ params: { additionalProperty: 'replicas' } }])
})
