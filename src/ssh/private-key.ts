import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { run } from '../exec/run.ts'
import { CommandError } from '../model/errors.ts'
import type { KeyFacts } from '../model/surroundings.ts'

/** Asks `ssh-keygen`, which is beside `ssh`, whether a key can be used without a passphrase. */
export async function readPrivateKey(
  file: string,
  {
    ssh,
    env,
    signal,
  }: {
    readonly ssh: string
    readonly env: Readonly<Record<string, string>>
    readonly signal: AbortSignal
  },
): Promise<KeyFacts> {
  const keygen = ssh.includes('/') ? join(dirname(ssh), 'ssh-keygen') : 'ssh-keygen'
  try {
    const { stdout } = await run(keygen, ['-y', '-P', '', '-f', file], { env, signal })
    return { kind: 'usable', type: stdout.split(' ')[0] ?? '' }
  } catch (error) {
    if (!(error instanceof CommandError) || error.exitCode === undefined) throw error
    if (/passphrase/i.test(error.stderr)) return { kind: 'passphrase' }
    // Whose it is counts, too: what systemd or Kubernetes hands over may be read by a group.
    if (/bad permissions/i.test(error.stderr))
      return { kind: 'exposed', mode: (await stat(file)).mode & 0o777 }
    const said = error.stderr.trim().split('\n').at(-1) ?? ''
    return { kind: 'unusable', said: said.replace(/^Load key "[^"]*": /, '') }
  }
}
