import type { Config } from '../../config/config.ts'
import { fine, warning, type Finding } from '../../model/finding.ts'
import type { Diagnostic } from '../../model/diagnostic.ts'
import { runsJobs } from '../../model/role.ts'
import type { Surroundings } from '../../model/surroundings.ts'
import {
  builderFinding,
  cageFinding,
  pairFinding,
  sandboxFinding,
  storeFindings,
} from '../../report/findings/nix.ts'
import {
  addressFinding,
  folderFinding,
  keyFinding,
  noKeyFinding,
} from '../../report/findings/place.ts'
import { neededPrograms, programFinding } from '../../report/findings/programs.ts'
import type { NeededProgram } from '../../report/findings/programs.ts'
import { redisFailure, redisFindings } from '../../report/findings/redis.ts'
import { list } from '../../report/wording.ts'
import type { Group, Perform } from './check.ts'
import { examineMachines } from './machines.ts'
import { examineRepository, type Fleet, type RepositoryPorts } from './repository.ts'

export interface ExaminePorts extends RepositoryPorts {
  readonly surroundings: Surroundings
}

export interface Examined {
  readonly config: Config
  /** Warnings about the settings. */
  readonly diagnostics: readonly Diagnostic[]
  /** Whether machines are logged in to. */
  readonly machines: boolean
}

/** All that a controller with these settings and roles needs, in the order in which it is told. */
export function groupsOf(examined: Examined, ports: ExaminePorts): readonly Group[] {
  const { config } = examined
  const { roles } = config
  const { surroundings } = ports
  const works = runsJobs(roles)
  const deploys = roles.includes('deploy')
  const fleets = config.repositories.map((repository) => {
    const { promise, resolve } = Promise.withResolvers<Fleet>()
    return { repository, fleet: promise, resolve }
  })
  const isThere = Promise.withResolvers<ReadonlySet<string>>()
  const evaluates = Promise.withResolvers<boolean>()
  return [
    { name: 'settings', run: (perform) => examinePlace(examined, surroundings, perform) },
    {
      name: 'programs',
      async run(perform) {
        const { findings, there } = await examinePrograms(examined, surroundings, perform)
        isThere.resolve(there)
        return findings
      },
    },
    ...(works
      ? [
          {
            name: 'nix',
            async run(perform: Perform) {
              const there = await isThere.promise
              const findings = there.has('Nix')
                ? await examineNix(surroundings, perform)
                : undefined
              evaluates.resolve(findings !== undefined && findings.length > 1)
              if (findings === undefined) return []
              if (!deploys || !there.has('deploy-rs') || findings.length === 1) return findings
              const pair = await perform({
                name: 'nix and deploy-rs',
                advice: 'try deploy-rs by hand',
                limitMs: 30_000,
                look: async (signal) => [pairFinding(await surroundings.pair(signal))],
              })
              return [...findings, ...pair]
            },
          },
        ]
      : []),
    ...(config.redis.url === undefined
      ? []
      : [
          { name: 'redis', run: (perform: Perform) => examineRedis(config, surroundings, perform) },
        ]),
    ...(works
      ? fleets.map(({ repository, resolve }) => ({
          name: `repository ${repository.name}`,
          async run(perform: Perform) {
            const fleet = await examineRepository(repository, deploys, ports, perform)
            resolve(fleet)
            return fleet.findings
          },
        }))
      : []),
    ...(deploys && examined.machines
      ? fleets.map(({ repository, fleet }) => ({
          name: `machines of ${repository.name}`,
          run: async (perform: Perform) =>
            examineMachines((await fleet).machines, surroundings, perform),
        }))
      : []),
    ...(works
      ? [
          {
            name: 'builders',
            async run(perform: Perform) {
              if (!(await evaluates.promise)) return []
              const known = await Promise.all(fleets.map(({ fleet }) => fleet))
              const systems = known.flatMap(({ machines }) => machines.map(({ system }) => system))
              return examineBuilders(systems, surroundings, perform)
            },
          },
        ]
      : []),
  ]
}

async function examinePlace(
  { config, diagnostics }: Examined,
  { key, folder, address }: Surroundings,
  perform: Perform,
): Promise<readonly Finding[]> {
  const { identityFile } = config.ssh
  const { roles } = config
  const works = runsJobs(roles)
  const needsKey = roles.includes('deploy') || config.repositories.some(({ url }) => isOverSsh(url))
  const told = diagnostics.map(({ code, message, hint, file, line, column }) =>
    warning(code, `${file}:${line}:${column} ${message}`, hint ?? `nixcluster explain ${code}`),
  )
  const names = config.repositories.map(({ name }) => name)
  const settings = fine('settings', `no mistakes, secret files closed to others (${list(names)})`)
  const checks = await Promise.all([
    perform({
      name: 'address',
      advice: 'check listen.host and listen.port',
      look: async (signal) => [addressFinding(config.listen, await address(config.listen, signal))],
    }),
    ...(works
      ? [
          perform({
            name: 'state folder',
            advice: 'choose another stateDir',
            look: async () => [folderFinding(await folder(config.stateDir))],
          }),
        ]
      : []),
    ...(works && needsKey
      ? [
          perform({
            name: 'ssh key',
            advice: 'check ssh.identityFile',
            look: async (signal) => [
              identityFile === undefined
                ? noKeyFinding()
                : keyFinding(identityFile, await key(identityFile, signal)),
            ],
          }),
        ]
      : []),
  ])
  return [told.length > 0 ? told : [settings], ...checks].flat()
}

const isOverSsh = (url: string): boolean => /^ssh:|^[^/]+:(?!\/\/)/.test(url)

async function examinePrograms(
  { config }: Examined,
  { program: find }: Surroundings,
  perform: Perform,
): Promise<{ readonly findings: readonly Finding[]; readonly there: ReadonlySet<string> }> {
  const { tools, roles } = config
  const needed: readonly (NeededProgram & { readonly or?: string })[] = [
    ...neededPrograms(tools, roles),
    ...(config.redis.url === undefined
      ? [
          {
            ...{ name: 'Redis or Valkey', program: tools.redisServer, oldest: '6.2' },
            ...{ setting: 'tools.redisServer', or: 'valkey-server', flag: '--version' },
          },
        ]
      : []),
  ]
  const there = new Set<string>()
  const findings = await Promise.all(
    needed.map(({ flag, or, ...one }) =>
      perform({
        name: one.name,
        advice: `try ${one.program} ${flag} by hand`,
        async look(signal) {
          const usual = await find(one.program, flag, signal)
          // As the controller looks for it.
          const other = or !== undefined && one.program === 'redis-server'
          const facts = usual ?? (other ? await find(or, flag, signal) : undefined)
          if (facts !== undefined) there.add(one.name)
          return [programFinding(one, facts)]
        },
      }),
    ),
  )
  return { findings: findings.flat(), there }
}

/** One finding alone: it does not even evaluate. */
async function examineNix({ nix }: Surroundings, perform: Perform): Promise<readonly Finding[]> {
  const evaluation = await perform({
    name: 'evaluation',
    advice: 'try by hand: nix eval --expr 1+1',
    async look(signal) {
      await nix.evaluate(signal)
      return [fine('evaluation', 'it evaluates, and knows flakes')]
    },
  })
  if (evaluation.some(({ state }) => state === 'wrong')) return evaluation
  const others = await Promise.all([
    perform({
      name: 'store',
      advice: 'is the Nix daemon running, and may this user use it (allowed-users)?',
      look: async (signal) => storeFindings(await nix.store(signal)),
    }),
    perform({
      name: 'sandbox',
      advice: 'try by hand: nix config show',
      look: async (signal) => [sandboxFinding(await nix.settings(signal))],
    }),
    perform({
      name: 'cage',
      advice: 'what strangers propose cannot be evaluated: update Nix',
      look: async (signal) => [cageFinding(await nix.cage(signal))],
    }),
  ])
  return [...evaluation, ...others.flat()]
}

async function examineRedis(
  { redis: { password } }: Config,
  { redis }: Surroundings,
  perform: Perform,
): Promise<readonly Finding[]> {
  return perform({
    name: 'server',
    advice: 'check redis.url, and the way there',
    look: (signal) =>
      redis(signal).then(redisFindings, (error: unknown) => [
        redisFailure(
          error instanceof Error ? error.message : String(error),
          password !== undefined,
        ),
      ]),
  })
}

async function examineBuilders(
  systems: readonly string[],
  { nix }: Surroundings,
  perform: Perform,
): Promise<readonly Finding[]> {
  let own: Awaited<ReturnType<typeof nix.settings>> | undefined
  const asked = await perform({
    name: 'settings',
    advice: 'try by hand: nix config show',
    async look(signal) {
      own = await nix.settings(signal)
      return []
    },
  })
  if (own === undefined) return asked
  const settings = own
  const found = await Promise.all(
    [...new Set([settings.system, ...systems])].map((system) =>
      perform({
        name: system,
        advice: 'is its builder on, and can this user log in to it?',
        limitMs: 60_000,
        look: (signal) =>
          nix.build(system, signal).then(
            () => [builderFinding(system, { built: true }, settings)],
            (error: unknown) => {
              if (signal.aborted) throw error
              const said = error instanceof Error ? error.message : String(error)
              return [builderFinding(system, { built: false, said }, settings)]
            },
          ),
      }),
    ),
  )
  return found.flat()
}
