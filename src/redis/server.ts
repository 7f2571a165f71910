import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { findProgram } from '../exec/find-program.ts'
import { run } from '../exec/run.ts'
import type { Log } from '../model/ports.ts'
import type { RedisAddress } from './connection.ts'

/** A Redis of our own. */
export interface RedisServer {
  readonly address: RedisAddress
  close(): Promise<void>
}

export interface RedisServerOptions {
  /** By name or path; `redis-server` finds valkey-server too. */
  readonly program: string
  /** Where programs are found, as in PATH. */
  readonly path: string
  /** Folder that is the server's alone; made if need be. */
  readonly folder: string
  readonly log: Log
}

/** A server that answers; `ended` gives the reason once it does no more. */
interface Running {
  readonly ended: Promise<string>
}

/** What a socket's address holds on every system. */
const longestSocketPath = 103

/** The socket of a server's folder. */
export const socketIn = (folder: string): string => join(folder, 'redis.sock')

/** Whether a socket can have this path at all. */
export const isShortEnough = (socket: string): boolean =>
  Buffer.byteLength(socket) <= longestSocketPath

/**
 * Starts a Redis on a socket below the folder, and again whenever it dies, until it is closed. One
 * that a killed controller left behind is taken over with the jobs it holds. Nothing is kept on disk:
 * queues and caches may be emptied at any time.
 */
export async function startRedisServer(options: RedisServerOptions): Promise<RedisServer> {
  const { folder, log } = options
  const socket = socketIn(folder)
  if (!isShortEnough(socket)) {
    throw new Error(`starting Redis: choose a shorter state folder, no socket can be ${socket}`)
  }
  await mkdir(folder, { recursive: true, mode: 0o700 })
  let closing = false
  let server = (await takeOver(socket, log)) ?? (await start(options, socket))

  async function keepRunning(): Promise<void> {
    let told: string | undefined
    for (;;) {
      const reason = await server.ended
      if (closing) return
      if (reason !== told) log.error({ reason }, 'Redis ended, starting it again')
      told = reason
      server = await start(options, socket).catch(async (error: Error) => {
        await pause(1000)
        return { ended: Promise.resolve(error.message) }
      })
      if (await answers(socket)) told = undefined
    }
  }
  const kept = keepRunning()

  return {
    address: { kind: 'socket', path: socket },
    async close() {
      closing = true
      let over = false
      void kept.then(() => (over = true))
      // Again until it is over: it may be starting just now.
      while (!over) {
        const told = await ask(socket, (connection) => connection.shutdown('NOSAVE'))
        if (!told) await endLeftOver(folder, socket)
        await Promise.race([kept, pause(500)])
      }
    },
  }
}

async function takeOver(socket: string, log: Log): Promise<Running | undefined> {
  if (!(await answers(socket))) return undefined
  log.info({ socket }, 'taking over the Redis that an earlier controller left')
  const connection = connect(socket)
  const ended = new Promise<string>((resolve) =>
    connection.once('end', () => resolve('it closed the connection')),
  )
  return connection.connect().then(
    () => ({ ended }),
    () => undefined,
  )
}

async function start(options: RedisServerOptions, socket: string): Promise<Running> {
  const { path, folder } = options
  const program = await findRedisServer(options.program, path)
  if (program === undefined) throw new Error(`starting Redis: there is no ${options.program}`)
  await endLeftOver(folder, socket)
  const settings = {
    port: '0',
    unixsocket: socket,
    unixsocketperm: '700',
    dir: folder,
    pidfile: pidFile(folder),
    save: '',
    appendonly: 'no',
    // Jobs must never be evicted.
    'maxmemory-policy': 'noeviction',
    daemonize: 'no',
  }
  const ended = run(
    program,
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    { env: { PATH: path }, cwd: folder, outputFile: join(folder, 'redis.log') },
  ).then(
    () => 'it was told to end',
    (error: Error) => error.message,
  )
  const abort = new AbortController()
  const failure = await Promise.race([ended, untilAnswers(socket, abort.signal)])
  abort.abort()
  if (failure === undefined) return { ended }
  await endLeftOver(folder, socket)
  throw new Error(`starting Redis: ${failure} (${join(folder, 'redis.log')})`)
}

/** Valkey does what Redis does: a distribution may have one or the other. */
export async function findRedisServer(program: string, path: string): Promise<string | undefined> {
  const found = await findProgram(program, path)
  return found ?? (program === 'redis-server' ? findProgram('valkey-server', path) : undefined)
}

/** Undefined when it answers, else the complaint. */
async function untilAnswers(socket: string, signal: AbortSignal): Promise<string | undefined> {
  for (let tries = 0; tries < 500 && !signal.aborted; tries++) {
    if (await answers(socket)) return undefined
    await pause(20)
  }
  return 'no answer after 10 seconds'
}

/** Ends a server of this folder that does not answer, and takes away its socket. */
async function endLeftOver(folder: string, socket: string): Promise<void> {
  const pid = Number(await readFile(pidFile(folder), 'utf8').catch(() => ''))
  // The number may be another process' by now: ours names its socket.
  const commandLine = pid > 0 ? await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '') : ''
  if (commandLine.includes(socket)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended meanwhile.
    }
  }
  await rm(socket, { force: true })
  await rm(pidFile(folder), { force: true })
}

const pidFile = (folder: string): string => join(folder, 'redis.pid')

const answers = (socket: string): Promise<boolean> => ask(socket, (connection) => connection.ping())

/** True when the server took the command; one that is silent for a second did not. */
async function ask(
  socket: string,
  command: (connection: Redis) => Promise<unknown>,
): Promise<boolean> {
  const connection = connect(socket)
  try {
    await connection.connect()
    await command(connection)
    return true
  } catch {
    return false
  } finally {
    connection.disconnect()
  }
}

function connect(socket: string): Redis {
  const connection = new Redis({
    path: socket,
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: 1000,
    commandTimeout: 1000,
    maxRetriesPerRequest: 0,
  })
  connection.on('error', () => {})
  return connection
}
