import { besidePush } from '../log/trace.ts'
import type { Inventory } from '../model/inventory.ts'
import type { Ledger, WantedSystem } from '../model/ledger.ts'
import type { Clock, Job, Queue } from '../model/ports.ts'
import { next } from '../rollout/next.ts'
import type { Meant } from '../rollout/pause.ts'
import type { Decision } from '../rollout/next.ts'
import { currentRollout } from '../rollout/record.ts'
import type { FleetMachine } from '../rollout/standing.ts'
import { setSystems, wantedSource } from '../rollout/wanted.ts'
import { openRemovals } from './removals.ts'
import type { Repository } from './repository.ts'
import { selectMachines } from './select-machines.ts'
import { inventoryOf } from './source.ts'

export interface TickPorts {
  readonly clock: Clock
  readonly queue: Queue
}

/** A change of the ledger that goes into the same commit as the tick's own decision. */
export type Change = (ledger: Ledger, tip: string | undefined) => Changed | Promise<Changed>
type Changed = { readonly ledger: Ledger; readonly message: string } | undefined

/** The systems of what is wanted, where they are known without evaluation. */
export type KnownSystems = (
  ledger: Ledger,
) => Promise<Readonly<Record<string, WantedSystem>> | undefined>

export interface Ticked {
  readonly before: Ledger
  readonly decision: Decision
}

/**
 * One tick: the state branch first, the source branch after it, one pure decision, one push, then a
 * job for everything that is open (R1, R2). Nothing here waits for a machine.
 */
export async function tick(
  repository: Repository,
  { clock, queue }: TickPorts,
  change: Change = () => undefined,
  knownSystems: KnownSystems = () => Promise.resolve(undefined),
): Promise<Ticked> {
  for (;;) {
    const { ledger: before, commit } = await repository.ledger.read()
    const tip = await repository.git.remoteTip(repository.branch)
    const changed = await change(before, tip)
    const ledger = changed?.ledger ?? before
    const descends = await publishedDescends(repository, ledger)
    const removes = descends ? await openRemovals(repository, ledger) : 0
    const follows = descends && removes === 0
    const inventory = await inventoryOf(repository, wantedSource(ledger, follows))
    const observed = {
      tip,
      descends,
      removes,
      meant: inventory ? meantBy(ledger, inventory) : {},
      now: clock.now().toISOString(),
      fleet: inventory && fleetOf(inventory),
      limits: { parallel: inventory?.rollout.parallel ?? 1 },
      roleLimits: inventory ? roleLimitsOf(inventory) : {},
    }
    let decision = next(ledger, observed)
    const messages = [changed?.message, decision.message]
    const { wanted } = decision.ledger
    const known = decision.evaluate && wanted ? await knownSystems(decision.ledger) : undefined
    if (known !== undefined && wanted !== undefined) {
      const built = setSystems(decision.ledger, wanted.seq, known)
      decision = next(built.ledger, observed)
      messages.push(built.message, decision.message)
    }
    if (decision.ledger !== before) {
      const subject = messages.filter((part) => part !== undefined && part !== '').join('; ')
      // A refused push means that somebody was faster: read again, decide again (R1).
      if ((await repository.ledger.write(decision.ledger, commit, subject)) === 'stale') continue
    }
    await Promise.all(jobsOf(repository.name, decision).map((job) => queue.add(job)))
    if (hasEnded(before, decision.ledger)) {
      // Plans compare with what machines were given.
      await besidePush(() => queue.add({ kind: 'look', repository: repository.name }))
    }
    return { before, decision }
  }
}

/** Every open intent gets a job, whoever opened it: lost jobs come back with the next tick (R2). */
function jobsOf(repository: string, decision: Decision): Job[] {
  return [
    ...(decision.publish ? [{ kind: 'publish', repository } as const] : []),
    ...(decision.evaluate ? [{ kind: 'evaluate', repository } as const] : []),
    ...decision.machines.map((machine) => ({ kind: 'machine', repository, machine }) as const),
    ...decision.contact.map((machine) => ({ kind: 'contact', repository, machine }) as const),
  ]
}

/** The rollout of what is wanted came to an end in this tick. */
function hasEnded(before: Ledger, after: Ledger): boolean {
  const is = currentRollout(after)
  if (is === undefined || is.state === 'running') return false
  return before.rollouts.find(({ seq }) => seq === is.seq)?.state !== is.state
}

async function publishedDescends({ git }: Repository, ledger: Ledger): Promise<boolean> {
  const { published, wanted } = ledger
  if (published === undefined || wanted === undefined) return true
  if (published.source === wanted.source) return true
  return git.isAncestor(wanted.source, published.source)
}

/** Machines of the inventory with the roles that they and their virtual hosts have, in the inventory's order. */
export function fleetOf({ machines, services, virtualHosts }: Inventory): FleetMachine[] {
  const machineOf = new Map(virtualHosts.map(({ name, machine }) => [name, machine]))
  const roles = new Map<string, Set<string>>()
  for (const role of services.flatMap((service) => service.roles))
    for (const host of role.hosts) {
      const machine = machineOf.get(host) ?? host
      const known = roles.get(machine)
      if (known) known.add(role.name)
      else roles.set(machine, new Set([role.name]))
    }
  return machines.map(({ name, cluster }) => ({
    name,
    cluster,
    roles: [...(roles.get(name) ?? [])],
  }))
}

/** What the selectors of the pauses mean in this inventory; nothing where one means nothing here. */
export function meantBy({ pauses = [] }: Ledger, inventory: Inventory): Meant {
  return Object.fromEntries(
    pauses.map(({ selector }) => [selector, selectMachines(selector, inventory).machines]),
  )
}

function roleLimitsOf({ services }: Inventory): Record<string, number> {
  return Object.fromEntries(
    services
      .flatMap((service) => service.roles)
      .flatMap(({ name, maxUnavailable }) =>
        maxUnavailable === undefined ? [] : [[name, maxUnavailable] as const],
      ),
  )
}
