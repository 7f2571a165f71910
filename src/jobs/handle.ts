import { createTroubles } from '../log/troubles.ts'
import type { Ledger } from '../model/ledger.ts'
import type { Clock, Job, Log, Metrics, Nix, Outcome, Queue } from '../model/ports.ts'
import type { PlanMemory, SignedCommand } from '../model/ports.ts'
import type { GivenCommand } from '../model/command.ts'
import type { AttemptLogs, Deployer, Remote, Target } from '../model/remote.ts'
import type { Change } from '../rollout/record.ts'
import type { Announce } from './announce.ts'
import { createAway } from './away.ts'
import { doCommand } from './command.ts'
import { doComments } from './comments.ts'
import { createContactJob } from './contact.ts'
import { evaluateWanted } from './evaluate.ts'
import { look } from './look.ts'
import { createMachineJob } from './machine.ts'
import { done, toOutcome } from './outcome.ts'
import { planProposal } from './plan-job.ts'
import { createPlannedProposals } from './planned-proposals.ts'
import { publishTip } from './publish-job.ts'
import type { PublishSettings } from './publish.ts'
import type { Repository } from './repository.ts'
import { inventoryOf } from './source.ts'
import { createSystems } from './systems.ts'
import type { PlanLimits } from './systems.ts'
import { showProposal } from './show.ts'
import { tellStatus } from './status.ts'
import { targetOf } from './target.ts'
import { tick } from './tick.ts'
import { tidy } from './tidy.ts'

/** The world as the jobs see it. */
export interface JobPorts {
  readonly repositories: ReadonlyMap<string, Repository>
  readonly nix: Nix
  readonly nixVersion: string
  readonly remote: Remote
  readonly deployer: Deployer
  readonly queue: Queue
  readonly memory: PlanMemory
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Pick<Metrics, 'deliveriesMissed' | 'polled'>
  readonly announce: Announce
  readonly hash: (text: string) => string
  readonly nonce: () => string
  readonly owner: string
  readonly settings: PublishSettings
  readonly logs: Pick<AttemptLogs, 'keep'>
  /** What a signed request asks for; undefined where nobody who may has signed it lately. */
  readonly readCommand: (repository: string, signed: SignedCommand) => GivenCommand | undefined
  readonly planLimits: PlanLimits
}

/** One function for all jobs; a failure of the world becomes an outcome here and nowhere else. */
export function createHandler(ports: JobPorts): (job: Job) => Promise<Outcome> {
  const { repositories, log, announce, settings } = ports
  const systems = createSystems(ports)
  const planned = createPlannedProposals({ ...ports, version: settings.version })
  const unlessAway = createAway(ports.clock)
  const troubles = createTroubles(ports.clock.now)

  const perform = async (repository: Repository, job: Job): Promise<Outcome> => {
    switch (job.kind) {
      case 'look':
        return look(repository, job.ref, planned, ports)
      case 'publish':
        return publishTip(repository, ports, settings, systems, announce)
      case 'evaluate':
        return evaluateWanted(repository, ports, systems, announce)
      case 'rollout':
        await announce.ticked(repository, await tick(repository, ports))
        return done
      case 'comments':
        return doComments(repository, job.proposal, ports)
      case 'command':
        return doCommand(repository, job, ports)
      case 'status':
        return tellStatus(repository, job.id, ports)
      case 'tidy':
        return tidy(repository, ports)
      case 'show':
        return showProposal(repository, job.proposal, { ...ports, systems })
      case 'plan':
        return planProposal(repository, job.proposal, planned, { ...ports, systems })
      case 'machine':
        return createMachineJob(machinePorts(ports, repository))(job.machine)
      case 'contact':
        return createContactJob(contactPorts(ports, repository))(job.machine)
    }
  }

  return async (job) => {
    const repository = repositories.get(job.repository)
    if (repository === undefined) {
      return { kind: 'stop', reason: `no repository ${job.repository} is configured` }
    }
    const started = ports.clock.now().getTime()
    try {
      const outcome = await unlessAway(job, () => perform(repository, job))
      const now = ports.clock.now()
      const ms = now.getTime() - started
      if (job.kind === 'look' && job.ref === undefined && outcome.kind === 'done')
        ports.metrics.polled(repository.name, now)
      log.debug({ job, outcome, ms }, `${job.kind} ended`)
      if (outcome.kind === 'done' && troubles.passed(JSON.stringify(job)))
        log.info({ job }, `${job.kind} comes through again`)
      return outcome
    } catch (error) {
      const outcome = toOutcome(error)
      // It is tried again and again: what has not changed since is no news.
      const reason = outcome.kind === 'done' ? '' : outcome.reason
      const isNews = troubles.failed(JSON.stringify(job), `${job.repository}: ${reason}`)
      const tell = isNews ? log.warn : log.debug
      tell({ job, outcome, err: error }, `${job.kind} did not come through`)
      return outcome
    }
  }
}

function machinePorts(ports: JobPorts, repository: Repository) {
  return {
    ...ports,
    repository: repository.name,
    ledger: repository.ledger,
    deployer: keepingLogs(ports, repository),
    targetOf: async (machine: string) => (await findTarget(repository, machine))?.target,
    report: (event: Parameters<Announce['machine']>[1]) =>
      ports.announce.machine(repository, event),
    settle: async <Made extends Change>(change: (ledger: Ledger) => Made) => {
      let made: Made | undefined
      const ticked = await tick(repository, ports, (ledger) => (made = change(ledger)))
      return { made: made!, tell: () => ports.announce.ticked(repository, ticked) }
    },
  }
}

/** The deployer, whose words are kept for people under the attempt's number. */
function keepingLogs({ deployer, logs, log }: JobPorts, repository: Repository): Deployer {
  return {
    ...deployer,
    async deploy(activation) {
      const machine = activation.target.name
      const deployed = await deployer.deploy(activation)
      try {
        const { ledger } = await repository.ledger.read()
        const n = ledger.machines[machine]?.intent?.n
        if (n !== undefined)
          await logs.keep({ repository: repository.name, machine, n }, deployed.log)
      } catch (error) {
        log.warn({ repository: repository.name, machine, err: error }, 'a log is not kept')
      }
      return deployed
    },
  }
}

function contactPorts(ports: JobPorts, repository: Repository) {
  return {
    ...machinePorts(ports, repository),
    targetOf: (machine: string) => findTarget(repository, machine),
  }
}

/**
 * How a machine is reached: by the commit that its intent is of, for a newer one may have left it out,
 * else by the wanted commit.
 */
async function findTarget(
  repository: Repository,
  name: string,
): Promise<{ readonly target: Target; readonly cluster: string } | undefined> {
  const { ledger } = await repository.ledger.read()
  const { intent } = ledger.machines[name] ?? {}
  const rollout = intent && ledger.rollouts.find(({ seq }) => seq === intent.seq)
  const inventory = await inventoryOf(repository, rollout?.source ?? ledger.wanted?.source)
  const machine = inventory?.machines.find((candidate) => candidate.name === name)
  if (machine === undefined) return undefined
  return { target: targetOf(machine, ledger), cluster: machine.cluster }
}
