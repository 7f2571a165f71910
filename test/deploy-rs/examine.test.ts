import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ensureTools } from '../../scripts/setup.ts'
import { tryDeployRs } from '../../src/deploy-rs/examine.ts'

let tools: Awaited<ReturnType<typeof ensureTools>>
let folder: string
beforeAll(async () => {
  tools = await ensureTools()
})
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'nixcluster-pair-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const pair = (deploy = 'deploy', path = tools.path) =>
  tryDeployRs({
    ...{ deploy, nix: 'nix', folder: join(folder, 'own') },
    env: { ...tools.environment, PATH: path },
    signal: new AbortController().signal,
  })

/** A program of this name in front of the others. */
function scripted(name: string, script: string): string {
  const file = join(folder, name)
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
  return file
}

test('deploy-rs and Nix of the setup build together, and no machine is spoken to', async () => {
  expect(await pair()).toEqual({ fits: true, said: '' })
})

test('a Nix whose derivations have another form than deploy-rs reads does not fit', async () => {
  const nix = tools.path.split(':').map((place) => join(place, 'nix'))
  scripted(
    'nix',
    `real=$(for file in ${nix.join(' ')}; do [ -x $file ] && echo $file && break; done)
     case "$*" in *show-derivation*) echo '{ "derivations": {}, "version": 9 }'; exit ;; esac
     exec $real "$@"`,
  )
  const { fits, said } = await pair('deploy', `${folder}:${tools.path}`)
  expect(fits).toBe(false)
  expect(said).not.toBe('')
})

test('a program that is no deploy-rs does not fit', async () => {
  const other = scripted('deploy', 'echo "error: no such flag -s" >&2; exit 2')
  expect(await pair(other)).toEqual({ fits: false, said: 'error: no such flag -s' })
})
