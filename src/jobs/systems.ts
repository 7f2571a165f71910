import { readsEverything, sourcesReadBy } from '../compile/nix-reads.ts'
import type { BuiltSystem, Ledger, WantedSystem } from '../model/ledger.ts'
import type { EvaluateOptions, Log, Nix, UnusedValue } from '../model/ports.ts'
import { fingerprintMachines, recall } from '../rollout/fingerprint.ts'
import type { CompiledSource } from './source.ts'

export interface SystemsPorts {
  readonly nix: Nix
  readonly nixVersion: string
  readonly hash: (text: string) => string
  readonly log: Log
}

export interface SystemsRequest {
  readonly repository: string
  readonly mirror: string
  readonly source: CompiledSource
  /**
   * The generated commit, in the mirror; asked for only when something has to be evaluated. Without
   * it nothing is evaluated: the answer is undefined where not everything is known.
   */
  readonly generated?: () => Promise<string>
  readonly ledger: Ledger
  /** The author may not push: evaluated in a cage, with the inputs of this lock only. */
  readonly foreign?: EvaluateOptions['foreign']
  /** For a plan; what is deployed is waited for. */
  readonly limits?: PlanLimits
}

/** How long a plan waits, milliseconds. */
export interface PlanLimits {
  readonly evaluationMs: number
  readonly buildMs: number
}

export interface Systems {
  readonly systems: Readonly<Record<string, WantedSystem>>
  /** Machines whose system was not built when the limit was over: only its derivation is here. */
  readonly unbuilt: ReadonlySet<string>
  /** What the levels of machines say without effect, of those that were evaluated by this process. */
  readonly unused?: ReadonlyMap<string, readonly UnusedValue[]>
  /** How many machines needed an evaluation; 0 where everything was known. */
  readonly evaluated: number
}

/** Finds the systems of a source; throws CommandError where Nix itself cannot run. */
export interface FindSystems {
  (request: SystemsRequest & Required<Pick<SystemsRequest, 'generated'>>): Promise<Systems>
  (request: SystemsRequest): Promise<Systems | undefined>
}

/** A few pushes of a large fleet: a controller that runs for months forgets the rest. */
const rememberedAtMost = 50_000

/**
 * Gives every machine's wanted system, built and rooted: from what the ledger or this process
 * remembers where the inputs are the same, else by evaluation. A machine's failure is its own.
 */
export function createSystems({ nix, nixVersion, hash, log }: SystemsPorts): FindSystems {
  /** fingerprint -> system; only a cache: the ledger remembers what was deployed. */
  const remembered = new Map<string, BuiltSystem>()
  /** fingerprint -> what was found in passing. */
  const unused = new Map<string, readonly UnusedValue[]>()

  const find = async (request: SystemsRequest): Promise<Systems | undefined> => {
    const { source, ledger, limits } = request
    const fingerprints = fingerprintsOf(source, nixVersion, hash)
    const known = new Map<string, BuiltSystem>()
    for (const [machine, fingerprint] of fingerprints) {
      const record = ledger.machines[machine]
      const system = remembered.get(fingerprint) ?? (record && recall(record, fingerprint))
      if (system !== undefined) known.set(machine, system)
    }
    const paths = [...known.values()].flatMap(({ path, drv }) => [path, drv])
    if (paths.length > 0 && !(await nix.has(paths))) {
      for (const [machine, { path, drv }] of known) {
        if (!(await nix.has([path, drv]))) known.delete(machine)
      }
    }
    const unknown = [...fingerprints.keys()].filter((machine) => !known.has(machine))
    const systems: Record<string, WantedSystem> = Object.fromEntries(known)
    const unusedNow = (): NonNullable<Systems['unused']> =>
      new Map(
        [...fingerprints].flatMap(([machine, fingerprint]) => {
          const values = unused.get(fingerprint)
          return values ? [[machine, values] as const] : []
        }),
      )
    if (unknown.length === 0) {
      return { systems, unbuilt: new Set(), unused: unusedNow(), evaluated: 0 }
    }
    if (request.generated === undefined) return undefined

    log.info({ repository: request.repository, machines: unknown }, 'evaluating')
    const lock = source.texts.get('flake.lock')
    const evaluations = await nix.evaluate(request.mirror, await request.generated(), unknown, {
      ...(limits === undefined ? {} : { limitMs: limits.evaluationMs }),
      ...(lock === undefined ? {} : { lock }),
      ...(request.foreign === undefined ? {} : { foreign: request.foreign }),
    })
    const built: Record<string, BuiltSystem> = {}
    for (const machine of unknown) {
      const evaluation = evaluations.get(machine)
      if (evaluation?.kind === 'system') {
        const { path, drv, system } = evaluation
        built[machine] = { path, drv, system, fingerprint: fingerprints.get(machine)! }
        if (evaluation.unused?.length) unused.set(fingerprints.get(machine)!, evaluation.unused)
      } else {
        const message = evaluation?.message ?? 'Nix gave no answer for this machine'
        systems[machine] = { failed: message, stage: 'evaluation' }
      }
    }
    const missing = await nix.build(Object.values(built), request.repository, limits?.buildMs)
    const unbuilt = new Set<string>()
    for (const [machine, system] of Object.entries(built)) {
      const why = missing.get(system.drv)
      systems[machine] = why?.kind === 'failed' ? { failed: why.message, stage: 'build' } : system
      if (why === undefined) remembered.set(system.fingerprint, system)
      if (why?.kind === 'unfinished') unbuilt.add(machine)
    }
    forgetOldest(remembered)
    forgetOldest(unused)
    return { systems, unbuilt, unused: unusedNow(), evaluated: unknown.length }
  }
  return find as FindSystems
}

function forgetOldest(known: Map<string, unknown>): void {
  for (const oldest of known.keys()) {
    if (known.size <= rememberedAtMost) break
    known.delete(oldest)
  }
}

/** A source is asked for several times while it is planned, and takes a third of a second for 10,000 machines. */
const fingerprinted = new WeakMap<CompiledSource, Fingerprinted>()

interface Fingerprinted {
  readonly nixVersion: string
  readonly byMachine: ReadonlyMap<string, string>
}

/** What each machine's system can depend on, by machine; empty for what does not compile. */
export function fingerprintsOf(
  source: CompiledSource,
  nixVersion: string,
  hash: (text: string) => string,
): ReadonlyMap<string, string> {
  const known = fingerprinted.get(source)
  if (known?.nixVersion === nixVersion) return known.byMachine
  const byMachine = toFingerprints(source, nixVersion, hash)
  fingerprinted.set(source, { nixVersion, byMachine })
  return byMachine
}

function toFingerprints(
  { entries, texts, compilation }: CompiledSource,
  nixVersion: string,
  hash: (text: string) => string,
): ReadonlyMap<string, string> {
  const { rendered, inventory } = compilation
  if (rendered === undefined || inventory === undefined) return new Map()
  const { inputs } = inventory
  const lock = texts.get('flake.lock') ?? ''
  const isOpen =
    // A link leads anywhere, and an input that is a folder of the repository is read as a whole.
    entries.some(({ mode }) => mode === '120000') ||
    inputs.some(({ url }) => /^(?:path:(?!\/)|\.|$)/.test(url)) ||
    readsEverything(rendered.code)
  const paths = entries.map(({ path }) => path)
  const reads = isOpen ? 'everything' : sourcesReadBy(rendered.files, texts, paths)
  return fingerprintMachines({ rendered, lock, sources: entries, reads, nixVersion }, hash)
}
