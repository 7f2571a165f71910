import { join } from 'node:path'
import { debianArchive, transplant, unpackPackages } from './apt.ts'
import { cache, link, linked, workshop, which } from './cache.ts'
import type { Tool } from './tool.ts'

const home = join(cache, 'redis')
const servers = ['redis-server', 'valkey-server']

/** Gives the server of Redis or of Valkey below the cache. */
export function redisServer(): string | undefined {
  return servers.map(linked).find((program) => program !== undefined)
}

/** Redis or Valkey: the machine's own, else the one of Debian 13; never as a service. */
export const redis: Tool = {
  name: 'Redis',
  plan: `Redis from Debian's archive into ${home}, no service is started (25 MB, 10 s)`,
  async isReady() {
    if (redisServer()) return true
    const own = servers.map(which).find((program) => program !== undefined)
    if (own === undefined) return false
    const client = which(own.endsWith('redis-server') ? 'redis-cli' : 'valkey-cli')
    await link(client === undefined ? [own] : [own, client])
    return true
  },
  obstacle: async () =>
    (await debianArchive()) === undefined
      ? 'install redis-server or valkey-server (it need not run as a service)'
      : undefined,
  async install() {
    const archive = (await debianArchive())!
    const packages = join(workshop, 'redis')
    await unpackPackages(archive, ['redis-server', 'patchelf'], packages)
    await transplant(packages, ['usr/bin/redis-server', 'usr/bin/redis-cli'], home)
    await link([join(home, 'bin/redis-server'), join(home, 'bin/redis-cli')])
  },
}
