import type { CommandResult } from '../model/command.ts'
import type { Proposal } from '../model/forge.ts'
import type { PlanTitle } from '../model/plan.ts'
import type { MachineEvent } from '../model/remote.ts'
import type { Planned, PlannedMerge } from './plan.ts'
import type { Repository } from './repository.ts'
import type { CompiledSource } from './source.ts'
import type { Ticked } from './tick.ts'

/** Tells people what happens: the pusher's terminal and the forge. Nothing of it is needed to go on. */
export interface Announce {
  /** The deployed branch's tip has mistakes: nothing was rendered. */
  mistakes(repository: Repository, commit: string, source: CompiledSource): Promise<void>
  /** The tip compiles and is on its way. */
  received(repository: Repository, commit: string): void
  /** What is known of a proposal before Nix is asked; throws what `planned` throws. */
  planning(repository: Repository, proposal: Proposal, soFar: Planned): Promise<void>
  /** The last plan of a proposal is made again, since its base has moved. */
  outdated(
    repository: Repository,
    proposal: Proposal,
    last: PlannedMerge,
    now: PlanTitle,
  ): Promise<void>
  /** Throws ForgeError or NotReadyError: the comment is what a plan is made for. */
  planned(repository: Repository, proposal: Proposal, planned: Planned): Promise<void>
  /** A branch was pushed that proposes nothing. */
  nothingProposed(repository: Repository, branch: string, head: string): Promise<void>
  /** What came of a command, told to whoever sent the request of that id; they will follow that commit. */
  answered(
    repository: Repository,
    id: string,
    result: CommandResult,
    follow?: string,
  ): Promise<void>
  /** Where everything stands, told to whoever sent the request of that id. */
  status(repository: Repository, id: string, status: object): Promise<void>
  /** Somebody asked for a deployment and nothing waited; before the tick itself is told. */
  nothingWaits(repository: Repository, ticked: Ticked): Promise<void>
  /** What a tick decided; `evaluated` machines needed Nix. */
  ticked(repository: Repository, ticked: Ticked, evaluated?: number): Promise<void>
  machine(repository: Repository, event: MachineEvent): void
}

/** Tells both of them, the first one first. */
export function announceTo(first: Announce, second: Announce): Announce {
  return {
    async mistakes(...what) {
      await first.mistakes(...what)
      await second.mistakes(...what)
    },
    received(...what) {
      first.received(...what)
      second.received(...what)
    },
    async planning(...what) {
      await first.planning(...what)
      await second.planning(...what)
    },
    async outdated(...what) {
      await first.outdated(...what)
      await second.outdated(...what)
    },
    async planned(...what) {
      await first.planned(...what)
      await second.planned(...what)
    },
    async nothingProposed(...what) {
      await first.nothingProposed(...what)
      await second.nothingProposed(...what)
    },
    async answered(...what) {
      await first.answered(...what)
      await second.answered(...what)
    },
    async status(...what) {
      await first.status(...what)
      await second.status(...what)
    },
    async nothingWaits(...what) {
      await first.nothingWaits(...what)
      await second.nothingWaits(...what)
    },
    async ticked(...what) {
      // At once: what is told late may be overtaken by what a later tick says.
      await Promise.all([first.ticked(...what), second.ticked(...what)])
    },
    machine(...what) {
      first.machine(...what)
      second.machine(...what)
    },
  }
}
