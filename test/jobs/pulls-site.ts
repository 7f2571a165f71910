import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compile } from '../../src/compile/compile.ts'
import { createGit } from '../../src/git/git.ts'
import { createLedgerStore } from '../../src/git/ledger-store.ts'
import { announceTo } from '../../src/jobs/announce.ts'
import { createForgeAnnounce } from '../../src/jobs/announce-forge.ts'
import { createTerminalAnnounce } from '../../src/jobs/announce-terminal.ts'
import { createHandler } from '../../src/jobs/handle.ts'
import { jobsOfPoll } from '../../src/jobs/poll.ts'
import type { Repository } from '../../src/jobs/repository.ts'
import { createSource } from '../../src/jobs/source.ts'
import type { GivenCommand } from '../../src/model/command.ts'
import type { Ledger } from '../../src/model/ledger.ts'
import type { Attempt } from '../../src/model/remote.ts'
import type { Clock, Job, Log, Outcome, Progress, Queue } from '../../src/model/ports.ts'
import type { PlanMemory, SignedCommand } from '../../src/model/ports.ts'
import { createMemoryForge } from '../fakes/forge.ts'
import { createMemoryMachines } from '../fakes/machines.ts'
import { createMemoryNix } from '../fakes/nix.ts'

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** Nobody follows. */
const nobody: Progress = {
  say: () => Promise.resolve(),
  end: () => Promise.resolve(),
  wait: () => Promise.resolve(),
  // eslint-disable-next-line require-yield
  async *follow() {
    return 'end'
  },
  expect: () => Promise.resolve(),
  awaited: () => Promise.resolve([]),
}

const project = `apiVersion: nixcluster/v1
kind: Project
`
const lock = JSON.stringify({
  nodes: {
    root: { inputs: { nixpkgs: 'nixpkgs', 'deploy-rs': 'deploy-rs' } },
    nixpkgs: {
      original: { type: 'github', owner: 'NixOS', repo: 'nixpkgs', ref: 'nixos-25.11' },
    },
    'deploy-rs': {
      inputs: { nixpkgs: ['nixpkgs'] },
      original: { type: 'github', owner: 'serokell', repo: 'deploy-rs' },
    },
  },
  version: 7,
})

/** What the motd of each machine says; `web` is `web.demo.web.lab`, in a file of its own, so that merges do not meet. */
export type Fleet = Readonly<Record<string, string>>

/** The files of a fleet. */
export function filesOf(fleet: Fleet): ReadonlyMap<string, string> {
  const cluster = (name: string, text: string): string => `apiVersion: nixcluster/v1
kind: Domain
suffix: ${name}.lab
clusters:
  demo:
    system: x86_64-linux
    stateVersion: "25.11"
    machines:
      ${name}:
        deployment: { targetHost: ${name}.example.com }
        config: { environment.etc.motd.text: "${text}" }
`
  return new Map([
    ['nixcluster.yaml', project],
    ['flake.lock', lock],
    ...Object.entries(fleet).map(
      ([name, text]) => [`clusters/${name}.yaml`, cluster(name, text)] as const,
    ),
  ])
}

export type PullsSite = Awaited<ReturnType<typeof createPullsSite>>

/** Real git and the real jobs; forge, Nix and machines are twins in memory. */
export async function createPullsSite(
  fleet: Fleet,
  options: {
    readonly private?: boolean
    readonly proposalBranches?: boolean
    /** Controllers of this site have one Redis. */
    readonly sharesPlans?: boolean
  } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-pulls-'))
  const url = join(folder, 'remote')
  const env = { PATH: process.env['PATH']!, HOME: folder }
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', url])
  const mirror = join(folder, 'mirror')
  const git = createGit({ url, mirror, env })
  let seconds = 0
  /** The person's own, as whoever pushes. */
  const hers = createGit({
    ...{ url, mirror: join(folder, 'hers'), env },
    // The same commits in every run, each with a time of its own.
    now: () => new Date(Date.UTC(2026, 0, 2) + 1000 * ++seconds),
  })
  const forge = createMemoryForge({ private: options.private ?? true })
  const nix = createMemoryNix(git)
  const machines = createMemoryMachines()
  const waiting: Job[] = []
  let queue: Queue = {
    add: async (job) => {
      const key = JSON.stringify(job)
      if (!waiting.some((other) => JSON.stringify(other) === key)) waiting.push(job)
    },
  }
  const clock: Clock = { now: () => new Date(), sleep: () => Promise.resolve() }
  const repository: Repository = {
    ...{ name: 'fleet', branch: 'main', generatedBranch: 'nixcluster/main', mirror, git, forge },
    ledger: createLedgerStore({ git, id: 'ledger-1' }),
    source: createSource(git, (source) => Promise.resolve(compile(source))),
    proposalBranches: options.proposalBranches ?? false,
  }
  const missed: number[] = []
  const logged: Attempt[] = []
  const logUrl = async ({ machine, n }: Attempt): Promise<string | undefined> =>
    logged.some((one) => one.machine === machine && one.n === n)
      ? `https://example.com/${machine}/${n}`
      : undefined
  let runs = 0
  const marks = new Map<string, string>()
  const noMarks = { read: () => Promise.resolve(undefined), write: () => Promise.resolve() }
  const sharedMarks: PlanMemory = {
    read: async (_, proposal) => marks.get(proposal),
    write: async (_, proposal, mark) => void marks.set(proposal, mark),
  }
  /** A controller that remembers nothing yet but what others have left in Redis. */
  const createController = () =>
    createHandler({
      memory: options.sharesPlans === true ? sharedMarks : noMarks,
      repositories: new Map([[repository.name, repository]]),
      ...{ nix, nixVersion: '2.30', remote: machines.remote, deployer: machines.deployer },
      ...{ queue: { add: (job, when) => queue.add(job, when) }, clock, log: silent },
      metrics: { deliveriesMissed: (_, count) => void missed.push(count), polled() {} },
      announce: announceTo(
        createTerminalAnnounce({ progress: nobody, clock, log: silent }),
        createForgeAnnounce({ clock, log: silent, logUrl }),
      ),
      hash: (text) => createHash('sha256').update(text).digest('hex'),
      nonce: () => `run-${++runs}`,
      owner: 'the test',
      settings: { version: '1.2.3' },
      planLimits: { evaluationMs: 1000, buildMs: 1000 },
      logs: { keep: async (attempt) => void logged.push(attempt) },
      readCommand: (_, { body }) => JSON.parse(body) as GivenCommand,
    })
  let handle = createController()

  const site = {
    ...{ folder, git, forge, nix, machines, repository, waiting, missed },
    handle: (job: Job): Promise<Outcome> => handle(job),
    /** From now on jobs go there, and whoever runs them calls `handle`. */
    useQueue: (other: Queue): void => void (queue = other),
    /** Another controller takes over. */
    restart: (): void => void (handle = createController()),
    /** Runs what waits until nothing does; what failed is tried again by who asks again. */
    async settle(): Promise<void> {
      for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) await handle(job)
      // What is told in the background has no clock to wait for.
      await new Promise((resolve) => setTimeout(resolve, 50))
      if (waiting.length > 0) await site.settle()
    },
    /** What one poll does, to its end. */
    async poll(): Promise<void> {
      for (const job of jobsOfPoll('fleet')) await queue.add(job)
      await site.settle()
    },
    plan: (proposal: string): Promise<Outcome> =>
      handle({ kind: 'plan', repository: 'fleet', proposal }),
    /** Commits a fleet upon a commit. */
    commit: (fleet: Fleet, message: string, parents: readonly string[] = []): Promise<string> =>
      hers.writeCommit({ parents, kept: [], files: filesOf(fleet), message }),
    async push(branch: string, commit: string): Promise<void> {
      await hers.push(branch, commit, await hers.remoteTip(branch))
    },
    /** A branch with this fleet, from the tip of main. */
    async pushFleet(branch: string, fleet: Fleet): Promise<string> {
      const parents = [await site.tip('main')]
      const head = await site.commit(fleet, `Change ${branch}`, parents)
      await site.push(branch, head)
      return head
    },
    /** A merge commit of a head on main, as a forge makes it; undefined where it is in conflict. */
    async merge(head: string): Promise<string | undefined> {
      await hers.fetch()
      const main = await site.tip('main')
      const merged = await hers.mergeTree(main, head)
      if (merged.kind === 'conflict') return undefined
      const kept = await hers.readTree(merged.tree)
      const parents = [main, head]
      const message = `Merge ${head}`
      const commit = await hers.writeCommit({ parents, kept, files: new Map(), message })
      await site.push('main', commit)
      return commit
    },
    async tip(branch: string): Promise<string> {
      const tip = await hers.remoteTip(branch)
      if (tip === undefined) throw new Error(`there is no ${branch}`)
      return tip
    },
    ledger: async (): Promise<Ledger> => (await repository.ledger.read()).ledger,
    close: (): void => rmSync(folder, { recursive: true, force: true }),
  }
  await site.push('main', await site.commit(fleet, 'A fleet'))
  return site
}

/** A command that this site takes as signed. */
const signed = (given: GivenCommand): SignedCommand => ({
  ...{ method: 'POST', path: '/', timestamp: '0', signature: '' },
  body: JSON.stringify(given),
})

/** A site whose machines run what main says. */
export async function createDeployedSite(
  ...args: Parameters<typeof createPullsSite>
): Promise<PullsSite> {
  const site = await createPullsSite(...args)
  await site.poll()
  await site.handle({
    ...{ kind: 'command', repository: 'fleet', id: '1' },
    signed: signed({ by: 'ann', command: { kind: 'deploy' } }),
  })
  await site.settle()
  return site
}
