import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { cache, which } from './cache.ts'

const version = 'v3.19.0'

/** Helm: the machine's own, else built by Go; undefined where there is neither. */
export async function findHelm(): Promise<string | undefined> {
  const own = which('helm')
  if (own !== undefined) return own
  const home = join(cache, `helm-${version}`)
  const built = join(home, 'helm')
  if (!existsSync(built) && which('go') !== undefined)
    await execa('go', ['install', `helm.sh/helm/v3/cmd/helm@${version}`], {
      env: { GOBIN: home },
      stderr: 'inherit',
    })
  return existsSync(built) ? built : undefined
}
