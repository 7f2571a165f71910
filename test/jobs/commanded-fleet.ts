import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { compile } from '../../src/compile/compile.ts'
import { createGit } from '../../src/git/git.ts'
import type { Announce } from '../../src/jobs/announce.ts'
import type { Repository } from '../../src/jobs/repository.ts'
import { createSource } from '../../src/jobs/source.ts'
import { tick } from '../../src/jobs/tick.ts'
import type { CommandResult } from '../../src/model/command.ts'
import type { Job } from '../../src/model/ports.ts'
import { setPublished, setSystems } from '../../src/rollout/wanted.ts'
import { cluster } from '../compile/fleet.ts'
import { createMemoryForge } from '../fakes/forge.ts'
import { createMemoryLedger } from '../fakes/ledger-store.ts'
import { built } from '../rollout/ledgers.ts'

/** `vm0` to `vm5` of `example.com`. */
export const six = ['vm0', 'vm1', 'vm2', 'vm3', 'vm4', 'vm5']
export const full = (label: string): string => `${label}.example.com`

const yaml = (labels: readonly string[], comment = ''): string =>
  cluster(`machines:\n${labels.map((label) => `  ${label}: {}\n`).join('')}# ${comment}\n`)

/**
 * A real repository whose main has six machines that all run system A, with ledger and forge in memory:
 * what a controller without Nix and without machines would do about commands.
 */
export async function commandedFleet() {
  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-commands-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const url = join(folder, 'remote')
  execFileSync('git', ['init', '-q', '--bare', url])
  const mirror = join(folder, 'mirror')
  const git = createGit({ url, mirror, env: { PATH: process.env['PATH']! } })

  /** Commits these machines on a branch, on its tip or on that of main. */
  const push = async (
    labels: readonly string[],
    {
      branch = 'main',
      merge,
      comment = '',
    }: { branch?: string; merge?: string; comment?: string } = {},
  ): Promise<string> => {
    const tip = await git.remoteTip(branch)
    const from = tip ?? (await git.remoteTip('main'))
    const commit = await git.writeCommit({
      parents: [...(from === undefined ? [] : [from]), ...(merge === undefined ? [] : [merge])],
      kept: [],
      files: new Map([['nixcluster.yaml', yaml(labels, comment)]]),
      message: `${labels.length} machines`,
    })
    await git.push(branch, commit, tip)
    return commit
  }

  const first = await push(six)
  const commit = { source: first, generated: 'g1' }
  const systems = Object.fromEntries(six.map((label) => [full(label), built('A')]))
  const ledger = createMemoryLedger({
    id: 'L',
    published: commit,
    adopted: { by: 'ada', seq: 1 },
    wanted: { seq: 1, ...commit, systems },
    rollouts: [{ seq: 1, ...commit, state: 'done' }],
    machines: Object.fromEntries(
      six.map(full).map((name) => [
        name,
        {
          ...{ name, cluster: 'example.com', attempt: 1, held: {}, history: [] },
          given: { path: 'A-profile', system: 'A', seq: 1, at: '2026-01-05T09:00:00Z' },
        },
      ]),
    ),
  })
  const forge = createMemoryForge()
  forge.letPush('ada')
  const repository: Repository = {
    ...{ name: 'fleet', branch: 'main', generatedBranch: 'nixcluster/main', mirror },
    ...{
      git,
      forge,
      ledger,
      source: createSource(git, (input) => Promise.resolve(compile(input))),
    },
  }
  const jobs: Job[] = []
  const answers: CommandResult[] = []
  let nothingWaited = 0
  /** A Monday. */
  let now = new Date('2026-01-05T10:00:00Z')
  const silent = () => Promise.resolve()
  const announce: Announce = {
    ...{ mistakes: silent, planning: silent, planned: silent, outdated: silent },
    ...{ nothingProposed: silent, ticked: silent, status: silent },
    received() {},
    machine() {},
    answered: async (_repository, _id, result) => void answers.push(result),
    nothingWaits: async () => void (nothingWaited += 1),
  }
  const ports = {
    clock: { now: () => now, sleep: silent },
    queue: { add: async (job: Job) => void jobs.push(job) },
    announce,
  }
  return {
    ...{ repository, ledger, forge, git, jobs, answers, ports, push, first },
    /** How often somebody who wanted a deployment was told that nothing waits. */
    nothingWaited: () => nothingWaited,
    wait: (hours: number): void => void (now = new Date(now.getTime() + hours * 3_600_000)),
    /** What the poll does. */
    tick: () => tick(repository, ports),
    /** The tip of main is published, as if it had been rendered. */
    publish: async () => {
      const source = (await git.remoteTip('main'))!
      return tick(repository, ports, (before) =>
        setPublished(before, { source, generated: `of ${source}` }),
      )
    },
    /** What is wanted gets one system for all its machines, as if it had been built. */
    build: (system: string, labels: readonly string[] = six) =>
      tick(repository, ports, (before) =>
        setSystems(
          before,
          before.wanted!.seq,
          Object.fromEntries(labels.map((label) => [full(label), built(system)])),
        ),
      ),
  }
}
