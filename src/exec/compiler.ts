import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { locateIn } from '../compile/locate.ts'
import type { Compilation, Compile, SourceTree } from '../model/compilation.ts'
import { TooLargeError } from '../model/errors.ts'

/** What goes to the thread. */
export interface Question {
  readonly id: number
  readonly source: SourceTree
}

/** What comes back: everything but the way to lines, which the texts give as well. */
export type Answer =
  | { readonly id: number; readonly compilation: Omit<Compilation, 'locate'> }
  | { readonly id: number; readonly error: unknown }

interface Waiting {
  readonly source: SourceTree
  readonly resolve: (compilation: Compilation) => void
  readonly reject: (error: unknown) => void
}

/** Ten times what a hundred thousand machines take, in milliseconds. */
const longestMs = 120_000

/**
 * Compiles in a thread of its own, so that webhooks are answered meanwhile: a fleet of 10,000
 * machines takes seconds. The thread starts when it is first asked; one that died is replaced. What it
 * comes to no end with, or has no memory for, is a TooLargeError.
 */
export function createCompiler(limitMs = longestMs): {
  readonly compile: Compile
  close(): Promise<void>
} {
  const waiting = new Map<number, Waiting>()
  let thread: Worker | undefined
  let asked = 0
  let timer: NodeJS.Timeout | undefined

  /** For the oldest: they are compiled one after another. */
  const watch = (): void => {
    clearTimeout(timer)
    if (waiting.size === 0) return
    timer = setTimeout(() => {
      giveUpOldest()
      void thread?.terminate()
    }, limitMs)
    timer.unref()
  }

  const giveUpOldest = (): void => {
    for (const [id, { reject }] of waiting) {
      waiting.delete(id)
      reject(new TooLargeError('compiling: it takes too much time or memory'))
      return
    }
  }

  const start = (): Worker => {
    // `.ts` in a checkout, `.js` in the package.
    const entry = new URL(`./compile-thread${extname(import.meta.url)}`, import.meta.url)
    const started = new Worker(entry)
    started.on('message', settle)
    started.on('error', (cause) => abandon(started, cause))
    started.on('exit', () => abandon(started, undefined))
    return started
  }

  const settle = (answer: Answer): void => {
    const { source, resolve, reject } = waiting.get(answer.id)!
    waiting.delete(answer.id)
    watch()
    if (waiting.size === 0) thread?.unref()
    if ('error' in answer) reject(answer.error)
    else resolve({ ...answer.compilation, locate: locateIn(source.texts) })
  }

  const abandon = (ended: Worker, cause: unknown): void => {
    if (thread !== ended) return
    thread = undefined
    if ((cause as NodeJS.ErrnoException | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY')
      giveUpOldest()
    for (const { reject } of waiting.values())
      reject(new Error('compiling: the thread ended', { cause }))
    waiting.clear()
    watch()
  }

  return {
    compile: (source) =>
      new Promise((resolve, reject) => {
        thread ??= start()
        const id = asked++
        waiting.set(id, { source, resolve, reject })
        // Whoever waits keeps the process alive; a thread that has nothing to do does not.
        thread.ref()
        thread.postMessage({ id, source } satisfies Question)
        if (waiting.size === 1) watch()
      }),
    close: async () => void (await thread?.terminate()),
  }
}
