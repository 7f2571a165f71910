import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keyFinding } from '../../src/report/findings/place.ts'
import { readPrivateKey } from '../../src/ssh/private-key.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nixcluster-key-'))
  file = join(folder, 'key')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const keygen = (passphrase: string, type = 'ed25519'): void =>
  void execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-f', file])

const read = () =>
  readPrivateKey(file, {
    ssh: 'ssh',
    env: { PATH: process.env['PATH']! },
    signal: new AbortController().signal,
  })

test.each([
  ['ed25519', 'ssh-ed25519'],
  ['ecdsa', 'ecdsa-sha2-nistp256'],
])('a key of type %s without passphrase can be used', async (kind, type) => {
  keygen('', kind)
  expect(await read()).toEqual({ kind: 'usable', type })
})

test('a key with a passphrase is told, since nobody types it', async () => {
  keygen('sesame')
  expect(keyFinding(file, await read())).toMatchObject({
    state: 'wrong',
    found: `${file} has a passphrase, and nobody is there to type it`,
  })
})

test('a key that others may read is told with its mode, since ssh does not use it', async () => {
  keygen('')
  chmodSync(file, 0o644)
  expect(keyFinding(file, await read())).toMatchObject({
    state: 'wrong',
    found: `others may read ${file} (mode 644), so ssh does not use it`,
    advice: `chmod 600 ${file}`,
  })
})

test('the public half, or any other file, is told as none', async () => {
  writeFileSync(file, 'ssh-ed25519 AAAA\n', { mode: 0o600 })
  const facts = await read()
  expect(facts.kind).toBe('unusable')
  expect(keyFinding(file, facts).advice).toContain('the one without .pub')
})
