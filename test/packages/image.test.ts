import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { deployRsVersion } from '../../scripts/deploy-rs.ts'
import { baseImages } from './image.ts'

const read = (name: string): string =>
  readFileSync(join(import.meta.dirname, '../..', name), 'utf8')

test('every base image is named by its version and its digest', async () => {
  const images = await baseImages()
  expect(images).toHaveLength(3)
  for (const image of images) expect(image).toMatch(/^\w+:\S*\d\S*@sha256:[0-9a-f]{64}$/)
})

test('the image has the Node that the tests run on, and the deploy-rs', async () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    readonly packages: Readonly<Record<string, { readonly version: string }>>
  }
  const node = packages['node_modules/node']!.version
  expect((await baseImages())[0]).toMatch(`node:${node}-`)
  expect(read('Dockerfile')).toContain(`cargo install deploy-rs --version ${deployRsVersion} `)
})

test('what Compose mounts is there, and its secrets are in no commit', () => {
  const compose = read('docker-compose.yml')
  const [settings] = /(?<=- \.\/)[\w/.-]+(?=:\/etc\/nixcluster)/.exec(compose)!
  const secrets = [...compose.matchAll(/file: \.\/secrets\/([\w-]+)/g)].map(([, name]) => name)
  expect(secrets).toHaveLength(2)
  const named = [...read(settings!).matchAll(/\/run\/secrets\/([\w-]+)/g)].map(([, name]) => name)
  expect(named.sort()).toEqual(secrets.sort())
  expect(read('.gitignore').split('\n')).toContain('/secrets/')
})
