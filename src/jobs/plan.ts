import { isYaml } from '../compile/configuration.ts'
import { toDiagnostics } from '../compile/diagnostics.ts'
import { checkRemovals, removalsToAllow } from '../diff/removals.ts'
import { chainText, rootOf } from '../diff/causes.ts'
import { reasons } from '../diff/reasons.ts'
import { withoutEffect } from '../diff/without-effect.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { Ledger } from '../model/ledger.ts'
import type { Plan, PlanTitle, Reason } from '../model/plan.ts'
import type { Proposal } from '../model/forge.ts'
import type { Clock, Nix } from '../model/ports.ts'
import { resolversOf } from '../render/tree.ts'
import { allowedRemovals, approvalOf } from '../rollout/consent.ts'
import { pausesOf } from '../rollout/pause.ts'
import { planMachines, type ChangedMachine } from './plan-machines.ts'
import { writeGenerated } from './publish.ts'
import type { PublishSettings } from './publish.ts'
import { wasDeployed } from './removals.ts'
import type { Repository } from './repository.ts'
import type { CompiledSource } from './source.ts'
import { fingerprintsOf } from './systems.ts'
import type { FindSystems, PlanLimits, Systems, SystemsRequest } from './systems.ts'
import { meantBy } from './tick.ts'

/** What a static plan needs. */
export interface DraftPorts {
  readonly nixVersion: string
  readonly hash: (text: string) => string
  readonly clock: Clock
}

export interface PlanPorts extends DraftPorts {
  readonly nix: Nix
  readonly systems: FindSystems
  readonly settings: PublishSettings
  readonly planLimits: PlanLimits
}

/** What looking at a proposal came to. */
export type Planned =
  | PlannedMerge
  | {
      readonly kind: 'mistakes'
      readonly diagnostics: readonly Diagnostic[]
      readonly texts: ReadonlyMap<string, string>
      readonly changedFiles: ReadonlySet<string>
    }
  | { readonly kind: 'conflict'; readonly title: PlanTitle; readonly files: readonly string[] }
  | { readonly kind: 'nothing'; readonly reason: string }

/** A merge that works, and what it would change. */
export interface PlannedMerge {
  readonly kind: 'plan'
  readonly plan: Plan
  /** And, as errors, what a merge would remove too much of. */
  readonly warnings: readonly Diagnostic[]
  readonly texts: ReadonlyMap<string, string>
  /** Paths whose content is new, another or gone. */
  readonly changedFiles: ReadonlySet<string>
}

/** A plan as far as it is known without Nix. */
export interface Draft {
  readonly planned: Planned
  /** Plans on with Nix; absent where there is nothing to evaluate, or where nobody let us. */
  readonly evaluate?: Evaluate
  /** The merge, where it may be evaluated. */
  readonly merged?: CompiledSource
}

/**
 * The plan with both systems of each machine. Without Nix, it is undefined unless every system is
 * remembered.
 */
export interface Evaluate {
  (how: 'remembered'): Promise<PlannedMerge | undefined>
  (how: 'with Nix'): Promise<PlannedMerge>
}

/**
 * Plans the merge of a proposal into its base, against what each machine was given. Changes nothing:
 * no branch, no ledger, no machine. No process but git is run before somebody calls `evaluate`.
 */
export async function draftPlan(
  repository: Repository,
  proposal: Proposal,
  ports: DraftPorts | PlanPorts,
): Promise<Draft> {
  const { nixVersion, hash, clock } = ports
  const started = clock.now().getTime()
  const { git, source } = repository
  const base = (await git.branches()).get(proposal.base)
  if (base === undefined)
    return { planned: { kind: 'nothing', reason: `there is no branch ${proposal.base}` } }
  const merge = await git.mergeTree(base, proposal.head)
  const title = {
    branch: proposal.branch,
    head: proposal.head,
    base: proposal.base,
    baseCommit: base,
  }
  if (merge.kind === 'conflict') return { planned: { ...merge, title } }

  const [before, after] = [await source(base), await source(merge.tree)]
  const shown = { texts: after.texts, changedFiles: changedFiles(before, after) }
  if (after.mistakes.length > 0)
    return { planned: { kind: 'mistakes', diagnostics: after.mistakes, ...shown } }
  const { ledger } = await repository.ledger.read()
  const removals = await removalsOf(repository, proposal, {
    ledger,
    before,
    after,
    tree: merge.tree,
  })
  const left = new Set(namesOf(after))
  // Not by the reasons: these know the YAML, and a change may lie in a module alone.
  const [was, is] = [before, after].map((one) => fingerprintsOf(one, nixVersion, hash))
  const touched = new Set(namesOf(after).filter((name) => was?.get(name) !== is?.get(name)))
  const approval = proposal.trusted ? undefined : approvalOf(ledger, proposal)
  const change: Change = {
    ...{ repository, proposal, before, after, ledger, baseCommit: base },
    common: {
      title,
      removed: namesOf(before).filter((name) => !left.has(name)),
      reasons: reasonsOf(before, after),
      ...(approval === undefined ? {} : { approvedBy: approval.by }),
      ...(removals.count === 0 ? {} : { removals: removals.count }),
    },
    shown,
    warnings: [...removals.diagnostics, ...after.compilation.diagnostics],
    took: () => clock.now().getTime() - started,
  }
  const plan: Plan = {
    ...change.common,
    kind: 'static',
    machines: [...touched].map((name) => ({ name })),
    unaffected: namesOf(after).filter((name) => !touched.has(name)),
    failures: [],
    tookMs: change.took(),
  }
  const { warnings } = change
  return {
    planned: { kind: 'plan', plan, warnings, ...shown },
    ...('nix' in ports && (proposal.trusted || approval !== undefined)
      ? { evaluate: ((how) => evaluateChange(change, how, ports)) as Evaluate, merged: after }
      : {}),
  }
}

/** An approval lets foreign code be evaluated; it stays foreign, and knows no inputs but the base's. */
const cageOf = ({ trusted }: Proposal, base: CompiledSource): Pick<SystemsRequest, 'foreign'> =>
  trusted ? {} : { foreign: { baseLock: base.texts.get('flake.lock') } }

/** A merge that compiles, and what it is compared with. */
interface Change {
  readonly repository: Repository
  readonly proposal: Proposal
  readonly before: CompiledSource
  readonly after: CompiledSource
  readonly ledger: Ledger
  readonly baseCommit: string
  readonly common: Pick<Plan, 'title' | 'removed' | 'reasons' | 'approvedBy' | 'removals'>
  readonly shown: Pick<PlannedMerge, 'texts' | 'changedFiles'>
  readonly warnings: readonly Diagnostic[]
  readonly took: () => number
}

async function evaluateChange(
  { repository, proposal, before, after, ledger, baseCommit, common, shown, ...change }: Change,
  how: 'remembered' | 'with Nix',
  { nix, systems, settings, planLimits, clock }: PlanPorts,
): Promise<PlannedMerge | undefined> {
  const request = {
    ...{ repository: repository.name, mirror: repository.mirror },
    ...{ ledger, limits: planLimits },
  }
  const generated = () => writeGenerated(repository, proposal.head, after, undefined, settings)
  const wanted =
    how === 'remembered'
      ? await systems({ ...request, source: after })
      : await systems({ ...request, source: after, generated, ...cageOf(proposal, before) })
  if (wanted === undefined) return undefined
  // What is merged already may be on its way yet.
  const merged =
    ledger.wanted?.source === baseCommit && ledger.wanted.systems !== undefined
      ? ledger.wanted.systems
      : (await systems({ ...request, source: before }))?.systems
  const isPending = (name: string): boolean => {
    const system = merged?.[name]
    return system !== undefined && 'system' in system && givenSystem(ledger, name) !== system.system
  }
  const changed: ChangedMachine[] = []
  const failures: Plan['failures'][number][] = []
  const unaffected: string[] = []
  for (const name of namesOf(after)) {
    const system = wanted.systems[name]
    if (system === undefined || 'failed' in system) {
      const message = system?.failed ?? 'Nix gave no answer for this machine'
      failures.push({ machine: name, stage: system?.stage ?? 'evaluation', message })
    } else if (givenSystem(ledger, name) === system.system) {
      unaffected.push(name)
    } else {
      changed.push({ name, system, isBuilt: !wanted.unbuilt.has(name) })
    }
  }
  const machines = await planMachines(nix, ledger, changed)
  const paused = pausedIn(ledger, after, changed, clock.now().toISOString())
  const plan: Plan = {
    ...common,
    kind: 'evaluated',
    machines: machines.map((machine) =>
      isPending(machine.name) ? { ...machine, pending: true } : machine,
    ),
    unaffected,
    failures,
    ...(paused.length === 0 ? {} : { paused }),
    ...(ledger.adopted === undefined
      ? { waits: 'nothing is deployed before somebody says `nixcluster deploy` once' }
      : {}),
    tookMs: change.took(),
  }
  const warnings = [...change.warnings, ...unusedOf(after, wanted.unused)]
  return { kind: 'plan', plan, warnings, ...shown }
}

/** (R26) What a merge removes more of than a change may, unless somebody allowed it for this head. */
async function removalsOf(
  { git }: Repository,
  proposal: Proposal,
  { ledger, before, after, tree }: Pick<Change, 'ledger' | 'before' | 'after'> & { tree: string },
): Promise<{ readonly count: number; readonly diagnostics: readonly Diagnostic[] }> {
  const [old, now] = [before.compilation, after.compilation]
  const none = { count: 0, diagnostics: [] }
  if (old.inventory === undefined || now.inventory === undefined) return none
  const count = removalsToAllow(old.inventory, now.inventory)
  if (count <= allowedRemovals(ledger, proposal)) return none
  if (await wasDeployed(git, ledger, tree)) return none
  return {
    count,
    diagnostics: toDiagnostics(checkRemovals(old.inventory, now.inventory), now.locate),
  }
}

/** (R25) Machines that would get something new and do not get it before a pause is over. */
function pausedIn(
  ledger: Ledger,
  { compilation: { inventory } }: CompiledSource,
  changed: readonly ChangedMachine[],
  now: string,
): readonly string[] {
  if (inventory === undefined) return []
  const paused = pausesOf(ledger, meantBy(ledger, inventory), now)
  return changed.map(({ name }) => name).filter((name) => paused[name] !== undefined)
}

/** Values that have no effect are seen only by evaluating them. */
function unusedOf(
  { compilation }: CompiledSource,
  unused: Systems['unused'],
): readonly Diagnostic[] {
  const { inventory, locate } = compilation
  if (inventory === undefined || unused === undefined) return []
  return toDiagnostics(withoutEffect(inventory, unused), locate)
}

const givenSystem = (ledger: Ledger, name: string): string | undefined =>
  ledger.machines[name]?.given?.system

const namesOf = ({ compilation }: CompiledSource): string[] =>
  compilation.inventory?.machines.map(({ name }) => name) ?? []

/** Paths whose content is new, another or gone. */
function changedFiles(before: CompiledSource, after: CompiledSource): ReadonlySet<string> {
  const contents = ({ entries }: CompiledSource): Map<string, string> =>
    new Map(entries.map(({ path, mode, id }) => [path, `${mode} ${id}`]))
  const [was, is] = [contents(before), contents(after)]
  return new Set([...was.keys(), ...is.keys()].filter((path) => was.get(path) !== is.get(path)))
}

function reasonsOf(before: CompiledSource, after: CompiledSource): Reason[] {
  const { inventory, rendered, locate } = after.compilation
  if (inventory === undefined || rendered === undefined) return []
  const found = reasons(
    before.compilation.inventory,
    inventory,
    changedFiles(before, after),
    resolversOf(rendered),
  )
  return found.map((change) => {
    // Shown from the line on that somebody wrote; another file is named by the text, and has no lines here.
    const { at, side } = rootOf(change)
    const place =
      at && isYaml(at.file) && (side === 'before' ? before.compilation.locate : locate)?.(at)
    return {
      ...(at && place ? { place: `${at.file}:${place.line}` } : {}),
      text: chainText(change),
      machines: change.machines,
    }
  })
}
