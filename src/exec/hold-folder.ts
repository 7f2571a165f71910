import { stat } from 'node:fs/promises'
import { createServer } from 'node:net'

/**
 * Holds a folder for this process, until it ends or lets go; undefined where another process of this machine
 * has it. The hold is a socket without a file, which the kernel takes back from whoever is killed. Where
 * the system has none of these (they are Linux'), nothing is held.
 */
export async function holdFolder(folder: string): Promise<{ letGo(): Promise<void> } | undefined> {
  // By links and mounts the same folder has many names.
  const { dev, ino } = await stat(folder)
  const server = createServer((socket) => socket.destroy())
  const refusal = await new Promise<string | undefined>((resolve) => {
    server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code))
    server.listen(`\0nixcluster ${dev} ${ino}`, () => resolve(undefined))
  })
  if (refusal === 'EADDRINUSE') return undefined
  server.unref()
  return {
    letGo: () =>
      refusal === undefined
        ? new Promise((closed) => void server.close(() => closed()))
        : Promise.resolve(),
  }
}
