import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { readVersion } from '../exec/program-version.ts'
import { tryToWrite } from '../exec/try-to-write.ts'
import { ObstaclesError } from '../model/errors.ts'
import { wrong, type Finding } from '../model/finding.ts'
import { runsJobs } from '../model/role.ts'
import { examineRedis } from '../redis/examine.ts'
import { findRedisServer, isShortEnough, socketIn } from '../redis/server.ts'
import { keyFinding, refusedFolderFinding } from '../report/findings/place.ts'
import { neededPrograms, programFinding, type NeededProgram } from '../report/findings/programs.ts'
import { redisFailure, redisFindings } from '../report/findings/redis.ts'
import { readPrivateKey } from '../ssh/private-key.ts'
import { reasonOf, tryToListen } from './listen.ts'

type Env = Readonly<Record<string, string>>

/** What does not answer within this does not run, in milliseconds. */
const limitMs = 10_000
const redisLimitMs = 5_000

/** Looks at all that the roles of this process need, and throws ObstaclesError with a line for each thing that is wrong. */
export async function requireAll(config: Config, env: Env): Promise<void> {
  const isWorking = runsJobs(config.roles)
  const findings = await Promise.all([
    ...neededPrograms(config.tools, config.roles).map((needed) => programOf(needed, env)),
    ...(isWorking ? [keyOf(config, env), folderOf(config)] : []),
    redisOf(config, env),
    addressOf(config.listen),
  ])
  const obstacles = findings.flat().filter(({ state }) => state === 'wrong')
  if (obstacles.length === 0) return
  throw new ObstaclesError(
    obstacles.map(({ name, found, advice }) => `${name}: ${found}${advice ? `; ${advice}` : ''}`),
  )
}

async function programOf(needed: NeededProgram, env: Env): Promise<readonly Finding[]> {
  const signal = AbortSignal.timeout(limitMs)
  try {
    return [programFinding(needed, await readVersion(needed.program, needed.flag, env, signal))]
  } catch {
    return [wrong(needed.name, `${needed.program} says nothing of its version`, 'try it by hand')]
  }
}

async function keyOf({ ssh, tools }: Config, env: Env): Promise<readonly Finding[]> {
  const file = ssh.identityFile
  if (file === undefined) return []
  try {
    const signal = AbortSignal.timeout(limitMs)
    return [keyFinding(file, await readPrivateKey(file, { ssh: tools.ssh, env, signal }))]
  } catch (error) {
    const advice = "install OpenSSH's client, ssh-keygen with it"
    return [wrong('ssh key', `${file} cannot be looked at: ${messageOf(error)}`, advice)]
  }
}

async function folderOf({ stateDir, redis }: Config): Promise<readonly Finding[]> {
  const socket = socketIn(redisFolder(stateDir))
  if (redis.url === undefined && !isShortEnough(socket))
    return [wrong('state folder', `no socket can be ${socket}`, 'choose a shorter stateDir')]
  const refusal = await tryToWrite(stateDir)
  return refusal === undefined ? [] : [refusedFolderFinding(stateDir, refusal)]
}

/** Where our own Redis has its socket. */
export const redisFolder = (stateDir: string): string => join(stateDir, 'redis')

async function redisOf({ redis, tools }: Config, env: Env): Promise<readonly Finding[]> {
  const { url, password } = redis
  if (url === undefined) return ownRedis(tools.redisServer, env)
  const inside = ({ name, found, ...rest }: Finding): Finding => ({
    ...rest,
    name: `Redis at ${url}`,
    found: name === 'server' ? found : `${name}: ${found}`,
  })
  const address = password === undefined ? { url } : { url, password }
  try {
    const findings = redisFindings(await examineRedis(address, redisLimitMs))
    // What it throws away is made up for, as when it is emptied.
    return findings.filter(({ name }) => name !== 'memory').map(inside)
  } catch (error) {
    return [inside(redisFailure(messageOf(error), password !== undefined))]
  }
}

async function ownRedis(program: string, env: Env): Promise<readonly Finding[]> {
  const found = await findRedisServer(program, env['PATH'] ?? '')
  if (found === undefined && program === 'redis-server') {
    const missing = 'neither redis-server nor valkey-server is in PATH'
    const advice = 'install Redis 6.2 or later, or Valkey, or name a running one as redis.url'
    return [wrong('Redis', missing, advice)]
  }
  const needed = { name: 'Redis', oldest: '6.2', setting: 'tools.redisServer', flag: '--version' }
  return programOf({ ...needed, program: found ?? program }, env)
}

async function addressOf(address: Config['listen']): Promise<readonly Finding[]> {
  const error = await tryToListen(address)
  if (error === undefined) return []
  const [why, advice] = reasonOf(error)
  return [wrong('address', `${address.host}, port ${address.port}: ${why}`, advice)]
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
