import { access, constants, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { AddressFacts, FolderFacts } from '../model/surroundings.ts'
import { tryToListen } from './listen.ts'

/** The state folder, or the nearest that is there of those it would be made in. */
export async function readFolder(folder: string): Promise<FolderFacts> {
  let nearest = folder
  let found = await stat(nearest).catch(absent)
  while (found === undefined && dirname(nearest) !== nearest) {
    nearest = dirname(nearest)
    found = await stat(nearest).catch(absent)
  }
  const refusal =
    found?.isDirectory() === true
      ? await access(nearest, constants.W_OK | constants.X_OK).then(
          () => undefined,
          ({ code }: NodeJS.ErrnoException) => code ?? 'EACCES',
        )
      : 'ENOTDIR'
  const { bavail, bsize } = await statfs(nearest)
  return {
    folder,
    isThere: nearest === folder,
    ...(refusal === undefined ? {} : { refusal }),
    owner: found?.uid ?? 0,
    us: process.getuid?.() ?? 0,
    freeBytes: bavail * bsize,
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

/** Whether somebody listens there, and whether it is a controller. */
export async function readAddress(
  { host, port }: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<AddressFacts> {
  const error = await tryToListen({ host, port })
  const facts: AddressFacts =
    error === undefined ? { kind: 'free' } : { kind: 'refused', code: error.code ?? '' }
  const isTaken = facts.kind === 'refused' && facts.code === 'EADDRINUSE'
  return isTaken && (await isController(host, port, signal)) ? { kind: 'controller' } : facts
}

async function isController(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  const anywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }
  const near = anywhere[host] ?? host
  try {
    const answer = await fetch(
      `http://${near.includes(':') ? `[${near}]` : near}:${port}/metrics`,
      {
        signal: AbortSignal.any([signal, AbortSignal.timeout(3000)]),
      },
    )
    return (await answer.text()).includes('nixcluster_')
  } catch {
    return false
  }
}
