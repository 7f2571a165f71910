import type { Compile } from '../model/compilation.ts'
import type { Forge, Proposal } from '../model/forge.ts'
import type { BuiltSystem, Ledger, MachineRecord, WantedSystem } from '../model/ledger.ts'
import type { Clock, Git, LedgerStore, Log, Nix } from '../model/ports.ts'
import type { WorkTree } from '../model/work-tree.ts'
import { draftPlan, type Planned } from './plan.ts'
import { writeGenerated } from './publish.ts'
import type { Repository } from './repository.ts'
import { createSource } from './source.ts'
import { createSystems, type PlanLimits } from './systems.ts'

/** What a plan needs of a person's machine. */
export interface LocalPorts {
  readonly git: Git
  /** The clone's own git folder, where Nix reads commits. */
  readonly gitDir: string
  readonly workTree: WorkTree
  readonly compile: Compile
  readonly ledgerStore: (git: Git) => LedgerStore
  readonly clock: Clock
  readonly log: Log
  readonly hash: (text: string) => string
  readonly version: string
  /** Absent: nothing is evaluated. */
  readonly nix?: Nix
  readonly nixVersion: string
}

/** What is to be planned, as git revisions. */
export interface LocalRequest {
  /** Absent: the files as they are now. */
  readonly head?: string
  /** Absent: what the machines were given, else the deployed branch. */
  readonly base?: string
}

/** Nobody waits for a forge here; how long Nix takes is seen by who waits. */
const planLimits: PlanLimits = { evaluationMs: 3_600_000, buildMs: 7_200_000 }

/** A person's mistake in what they asked for: a revision that is none. */
export class RevisionError extends Error {
  override readonly name = 'RevisionError'
}

/**
 * Makes the plan that the controller would make, in a clone, of the same code. Machines are compared with
 * what they were given where the ledger was fetched and no base is named, else with what the base gives.
 */
export async function planLocally(
  { head, base }: LocalRequest,
  ports: LocalPorts,
): Promise<{ readonly planned: Planned; readonly compared: 'given' | 'base' }> {
  const { git, gitDir, workTree, clock, nix, nixVersion, hash, log, version } = ports
  const into = await baseOf(workTree, base)
  const proposal: Proposal = {
    id: 'local',
    kind: 'branch',
    ...(head === undefined ? await here(workTree) : await named(workTree, head)),
    base: into.branch,
    trusted: true,
  }
  const state = base === undefined ? await workTree.ledgerTip() : undefined
  // Branches of a clone are not those of its remote: these two are all that a plan asks for.
  const view: Git = {
    ...git,
    branches: () => Promise.resolve(new Map([[into.branch, into.commit]])),
    remoteTip: (branch) => Promise.resolve(branch === 'nixcluster/state' ? state : undefined),
    fetch: () => Promise.resolve(),
  }
  const source = createSource(view, ports.compile)
  const settings = { version }
  const withNix = nix && { nix, systems: createSystems({ nix, nixVersion, hash, log }) }
  const repository: Repository = {
    ...{ name: 'local', branch: into.branch, generatedBranch: `nixcluster/${into.branch}` },
    ...{ mirror: gitDir, git: view, forge: noForge, ledger: ports.ledgerStore(view), source },
  }
  const systemsOfBase = async (): Promise<Readonly<Record<string, WantedSystem>>> => {
    const compiled = await source(into.commit)
    if (withNix === undefined || compiled.mistakes.length > 0) return {}
    const generated = () => writeGenerated(repository, into.commit, compiled, undefined, settings)
    const request = { repository: 'local', mirror: gitDir, source: compiled, generated }
    return (await withNix.systems({ ...request, ledger: ledgerOf({}), limits: planLimits })).systems
  }
  // Also where the ledger is known: what machines were given is seldom in this store, and mostly the same.
  const before = await systemsOfBase()
  const ledger = state === undefined ? ledgerOf(before) : (await repository.ledger.read()).ledger
  const fixed = { ...repository.ledger, read: () => Promise.resolve({ ledger, commit: state }) }
  const draft = await draftPlan({ ...repository, ledger: fixed }, proposal, {
    ...{ nixVersion, hash, clock, settings, planLimits },
    ...withNix,
  })
  const planned = (await draft.evaluate?.('with Nix')) ?? draft.planned
  return { planned, compared: state === undefined ? 'base' : 'given' }
}

type Head = Pick<Proposal, 'branch' | 'head'>

async function here(workTree: WorkTree): Promise<Head> {
  const head = await workTree.snapshot()
  const branch = (await workTree.branch()) ?? 'no branch'
  const isChanged = head !== (await workTree.commitOf('HEAD'))
  return { branch: isChanged ? `${branch}, with what is not committed` : branch, head }
}

const named = async (workTree: WorkTree, branch: string): Promise<Head> => ({
  branch,
  head: await commitOf(workTree, branch),
})

async function commitOf(workTree: WorkTree, revision: string): Promise<string> {
  const found =
    (await workTree.commitOf(revision)) ??
    (await workTree.commitOf(`refs/remotes/origin/${revision}`))
  if (found === undefined) throw new RevisionError(`git knows no commit '${revision}'`)
  return found
}

async function baseOf(
  workTree: WorkTree,
  written: string | undefined,
): Promise<{ readonly branch: string; readonly commit: string }> {
  if (written !== undefined) return { branch: written, commit: await commitOf(workTree, written) }
  const deployed = await workTree.deployed()
  if (deployed !== undefined) return deployed
  throw new RevisionError(
    'which branch is deployed? there is no origin/HEAD, main or master: name it with --base',
  )
}

/** As if every machine had been given these. */
function ledgerOf(systems: Readonly<Record<string, WantedSystem>>): Ledger {
  const built = Object.entries(systems).flatMap(([name, system]) =>
    'failed' in system ? [] : [[name, recordOf(name, system)] as const],
  )
  return {
    id: 'local',
    adopted: { by: 'nobody', seq: 0 },
    machines: Object.fromEntries(built),
    rollouts: [],
  }
}

function recordOf(name: string, system: BuiltSystem): MachineRecord {
  return {
    ...{ name, cluster: '', attempt: 0, held: {} },
    given: { path: system.path, system: system.system, seq: 0, at: '' },
    history: [{ ...system, source: '' }],
  }
}

const nothing = (): Promise<void> => Promise.resolve()

/** There is nobody to be told. */
const noForge: Forge = {
  kind: 'git',
  proposals: () => Promise.resolve([]),
  proposal: () => Promise.resolve(undefined),
  mergedBy: () => Promise.resolve(undefined),
  ensureComment: nothing,
  ensureStatus: nothing,
  ensureCheck: nothing,
  ensureDeployment: nothing,
  commands: () => Promise.resolve([]),
  answer: nothing,
  mayPush: () => Promise.resolve(false),
  isPrivate: () => Promise.resolve(true),
  redeliver: () => Promise.resolve(0),
  examine: () => Promise.resolve([]),
}
