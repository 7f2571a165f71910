import type { RepositoryConfig } from '../../config/config.ts'
import { fine, type Finding } from '../../model/finding.ts'
import type { CommitInfo } from '../../model/ports.ts'
import type { ExaminedMachine } from '../../report/findings/machine.ts'
import {
  branchFinding,
  ownFinding,
  pushFinding,
  unreadableFinding,
} from '../../report/findings/repository.ts'
import type { Repository } from '../repository.ts'
import { targetOf } from '../target.ts'
import type { Perform } from './check.ts'

export interface RepositoryPorts {
  /** Opens it in a folder that is only for this; a branch is asked for where none is named. */
  readonly open: (settings: RepositoryConfig) => Promise<Repository>
  readonly now: () => Date
  /** `name <address>` of our commits. */
  readonly author: string
}

/** What is known of a repository's fleet once it was looked at. */
export interface Fleet {
  readonly findings: readonly Finding[]
  readonly machines: readonly ExaminedMachine[]
}

const state = 'nixcluster/state'
const fetchMs = 30_000
const forgeMs = 40_000

/** Reads a repository, asks whether we may push to it, and what its forge says of us. */
export async function examineRepository(
  settings: RepositoryConfig,
  pushes: boolean,
  ports: RepositoryPorts,
  perform: Perform,
): Promise<Fleet> {
  let repository: Repository | undefined
  const reading = await perform({
    name: 'url',
    advice: 'check its url, and the way there',
    limitMs: fetchMs,
    async look() {
      try {
        const opened = await ports.open(settings)
        await opened.git.fetch()
        repository = opened
        return [fine('url', settings.url)]
      } catch (error) {
        return [unreadableFinding(settings.url, error)]
      }
    },
  })
  const forge = async (): Promise<readonly Finding[]> => {
    // A forge is asked even where git does not get through.
    const { forge, branch, generatedBranch } =
      repository ?? (await ports.open({ branch: 'main', ...settings }))
    const branches = [state, generatedBranch ?? `nixcluster/${branch}`]
    return forge.examine({ branches, pushes, now: ports.now() })
  }
  const asking = perform({
    name: 'forge',
    advice: 'check apiUrl, and the way there',
    limitMs: forgeMs,
    look: forge,
  })
  if (repository === undefined) return { findings: [...reading, ...(await asking)], machines: [] }
  const [{ findings, machines }, own, asked] = await Promise.all([
    examineBranch(repository, perform),
    examineOwn(repository, pushes, ports, perform),
    asking,
  ])
  return { findings: [...reading, ...findings, ...own, ...asked], machines }
}

async function examineBranch(repository: Repository, perform: Perform): Promise<Fleet> {
  let machines: readonly ExaminedMachine[] = []
  const findings = await perform({
    name: 'branch',
    advice: 'nixcluster validate, in a clone of it',
    limitMs: fetchMs,
    async look() {
      const { branch, git, source } = repository
      const tip = (await git.branches()).get(branch)
      if (tip === undefined) return [branchFinding(branch, tip, 0, 0)]
      const { ledger } = await repository.ledger.read()
      const { mistakes, compilation } = await source(tip)
      // Of a tip with mistakes nothing is deployed: the machines are those of what is.
      const inventory =
        mistakes.length > 0 && ledger.wanted !== undefined
          ? (await source(ledger.wanted.source)).compilation.inventory
          : compilation.inventory
      machines = (inventory?.machines ?? []).map((machine) => ({
        target: targetOf(machine, ledger),
        system: machine.system,
        ledger: ledger.id,
      }))
      return [branchFinding(branch, tip, mistakes.length, inventory?.machines.length)]
    },
  })
  return { findings, machines }
}

async function examineOwn(
  { branch, git, generatedBranch }: Repository,
  pushes: boolean,
  { author }: RepositoryPorts,
  perform: Perform,
): Promise<readonly Finding[]> {
  const tips = await git.branches()
  const base = tips.get(branch)
  const pushing = perform({
    name: 'push',
    advice: 'check the way to the remote',
    limitMs: 20_000,
    async look() {
      if (base === undefined) return []
      const trial = 'nixcluster/doctor'
      const mayPush: unknown = await git.tryPush(trial, base, tips.get(trial)).then(
        () => true,
        (error: unknown) => error,
      )
      return [pushFinding({ mayPush, pushes }, 'nixcluster/*')]
    },
  })
  const looking = [generatedBranch, state].map((own) =>
    perform({
      name: own,
      advice: 'look at who may push it',
      async look() {
        const tip = tips.get(own)
        const commit: CommitInfo | undefined =
          tip === undefined ? undefined : await git.readCommit(tip)
        return [ownFinding(own, commit, author)]
      },
    }),
  )
  return (await Promise.all([pushing, ...looking])).flat()
}
