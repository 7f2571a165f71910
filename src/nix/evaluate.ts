import { randomUUID } from 'node:crypto'
import { findProgram } from '../exec/find-program.ts'
import { run } from '../exec/run.ts'
import { CommandError } from '../model/errors.ts'
import type { EvaluateOptions, Evaluation } from '../model/ports.ts'
import { foreignInputs, isOwnFolder, lockedInputs } from '../schema/lock-inputs.ts'
import { cagedEnvironment, inOwnHome } from './cage.ts'
import { byReference, byStorePaths, nixText, type FetchedTree } from './flake-expression.ts'
import { evaluationError } from './nix-error.ts'

export interface EvaluatorOptions {
  readonly nix: string
  /** The environment in which inputs are fetched, with the credentials that Nix has. */
  readonly env: Readonly<Record<string, string>>
  readonly stateDir: string
  readonly timeoutMs: number
  /** What one process may hold in memory. */
  readonly memoryBytes: number
  /** Whether the code of people who may push may build while it is evaluated. */
  readonly importFromDerivation: boolean
}

type Result = ReadonlyMap<string, Evaluation>

/** Evaluates machines of a flake in the store or a repository: inputs first, then without credentials. */
export function createEvaluator(
  options: EvaluatorOptions,
): (flake: string, machines: readonly string[], how: EvaluateOptions) => Promise<Result> {
  const { env, nix, stateDir } = options
  const home = env['HOME'] ?? stateDir

  /** With credentials, and so without anybody's code. */
  const fetching = async (args: readonly string[]): Promise<string> => {
    const flags = [
      ...['--extra-experimental-features', 'nix-command flakes'],
      ...['--option', 'accept-flake-config', 'false'],
    ]
    const { timeoutMs, memoryBytes } = options
    return (await run(nix, [...args, ...flags], { env, timeoutMs, memoryBytes })).stdout
  }

  const fetchTree = async (flake: string): Promise<FetchedTree> =>
    JSON.parse(await fetching(['flake', 'prefetch', '--json', flake])) as FetchedTree

  /** By what the lock says alone: Nix would look for what it lacks where `flake.nix` says. */
  const fetchInputs = async (lock: string | undefined): Promise<void> => {
    const nodes = lockedInputs(lock).filter(({ node }) => !isOwnFolder(node))
    if (nodes.length === 0) return
    const trees = nodes.map(({ node: { locked = {} } }) =>
      Object.fromEntries(
        Object.entries(locked).filter(([key]) => key !== 'dir' && !key.startsWith('__')),
      ),
    )
    const expression = `map (tree: (builtins.fetchTree tree).outPath) (builtins.fromJSON ${nixText(JSON.stringify(trees))})`
    await fetching(['eval', '--json', '--option', 'pure-eval', 'true', '--expr', expression])
  }

  const asOurs = async (flake: string, machines: readonly string[], how: EvaluateOptions) => {
    const { lock, limitMs } = how
    if (lockedInputs(lock).length > 0) {
      // What cannot be fetched may not be needed; where it is, the evaluation tells why it is not there.
      await fetching([
        ...['flake', 'archive', '--json', flake],
        ...['--no-update-lock-file', '--no-write-lock-file'],
      ]).catch(() => undefined)
    }
    const caged = cagedEnvironment(env, home, {
      isForeign: false,
      mayImport: options.importFromDerivation,
    })
    return await evaluateEach(byReference(flake), machines, {
      ...options,
      ...(limitMs === undefined ? {} : { timeoutMs: limitMs }),
      env: caged,
      flags: ['--option', 'experimental-features', 'nix-command flakes'],
      treeOf: async () => (await fetchTree(flake)).storePath,
    })
  }

  const asForeign = async (
    flake: string,
    machines: readonly string[],
    { lock, foreign, limitMs }: EvaluateOptions,
  ): Promise<Result> => {
    const failed = (message: string): Result =>
      new Map(machines.map((name) => [name, { kind: 'failed', message }]))
    const added = foreignInputs(lock, foreign?.baseLock)
    if (added.length > 0) return failed(newInputs(added))
    const tree = await fetchTree(flake)
    try {
      await fetchInputs(lock)
    } catch (error) {
      return failed(`fetching the inputs: ${evaluationError(error, tree.storePath)}`)
    }
    // In its own PATH there is nothing.
    const nix = (await findProgram(options.nix, env['PATH'] ?? '')) ?? options.nix
    return await inOwnHome(stateDir, (ownHome) =>
      evaluateEach(byStorePaths(tree, lock), machines, {
        ...options,
        nix,
        ...(limitMs === undefined ? {} : { timeoutMs: limitMs }),
        env: cagedEnvironment(env, ownHome, { isForeign: true, mayImport: false }),
        flags: ['--offline', '--option', 'experimental-features', 'nix-command'],
        treeOf: () => Promise.resolve(tree.storePath),
      }),
    )
  }

  return (flake, machines, how) =>
    how.foreign === undefined ? asOurs(flake, machines, how) : asForeign(flake, machines, how)
}

const newInputs = (added: readonly { readonly name: string; readonly from: string }[]): string =>
  [
    ...added.map(({ name, from }) => `the input '${name}' is new: ${from}`),
    'an input is fetched when somebody who may push has added it to flake.lock of the base branch',
  ].join('\n')

interface EachOptions {
  readonly nix: string
  readonly env: Readonly<Record<string, string>>
  /** Of `nix eval`. */
  readonly flags: readonly string[]
  /** For all machines together. */
  readonly timeoutMs: number
  readonly memoryBytes: number
  /** The path of the evaluated tree, which messages leave out. */
  readonly treeOf: () => Promise<string>
}

/**
 * One process for as many machines as come through; it says which one it is at, so that an error, too
 * much time or too much memory is that machine's own, and the next process begins behind it. All
 * together take no more than the time: whoever hangs gets half of what is left.
 */
async function evaluateEach(
  flake: string,
  machines: readonly string[],
  options: EachOptions,
): Promise<Result> {
  const until = performance.now() + options.timeoutMs
  const results = new Map<string, Evaluation>()
  let tree: string | undefined
  let rest = machines
  while (rest.length > 0) {
    const left = until - performance.now()
    if (left < options.timeoutMs / 100) {
      return allFail(
        results,
        rest,
        `not evaluated: the time for all, ${duration(options.timeoutMs)}, is over`,
      )
    }
    const attempt = await evaluateSome(flake, rest, left, options)
    for (const [name, evaluation] of attempt.done) results.set(name, evaluation)
    if (attempt.error === undefined) return results
    const at = attempt.at
    const message =
      attempt.limit === undefined
        ? evaluationError(attempt.error, (tree ??= await options.treeOf()))
        : exceeded(attempt.limit, attempt.allowedMs, options)
    // Before the first machine: what breaks the flake as a whole breaks each.
    if (at === undefined) return allFail(results, rest, message)
    if (attempt.limit === 'memory' && at > 0) {
      // Perhaps those before it took most of that: once more in a process of its own.
      rest = rest.slice(at)
      continue
    }
    results.set(rest[at]!, { kind: 'failed', message })
    rest = rest.slice(at + 1)
  }
  return results
}

function allFail(
  results: Map<string, Evaluation>,
  rest: readonly string[],
  message: string,
): Result {
  for (const name of rest) results.set(name, { kind: 'failed', message })
  return results
}

interface Attempt {
  readonly done: ReadonlyMap<string, Evaluation>
  /** The machine that it was at when it ended badly. */
  readonly at?: number
  readonly error?: unknown
  readonly limit?: 'time' | 'memory' | 'output' | undefined
  readonly allowedMs: number
}

async function evaluateSome(
  flake: string,
  machines: readonly string[],
  leftMs: number,
  { nix, env, flags, memoryBytes }: EachOptions,
): Promise<Attempt> {
  // Nothing that is evaluated knows this word, so nothing of it can say what we take for an answer.
  const word = randomUUID()
  const progress = readProgress(word)
  const slow = new AbortController()
  let allowedMs = leftMs
  let timer: NodeJS.Timeout | undefined
  const startedAt = performance.now()
  const allow = (): void => {
    clearTimeout(timer)
    const left = leftMs - (performance.now() - startedAt)
    const isLast = (progress.at() ?? 0) >= machines.length - 1
    allowedMs = isLast ? left : left / 2
    timer = setTimeout(() => slow.abort(), Math.max(allowedMs, 1))
  }
  allow()
  const args = [
    ...['eval', '--json', '--show-trace', ...flags],
    ...['--expr', systemsExpression(flake, machines, word)],
  ]
  try {
    await run(nix, args, {
      env,
      cwd: env['HOME']!,
      timeoutMs: Math.max(leftMs, 1),
      memoryBytes,
      signal: slow.signal,
      onStderr: (text) => {
        if (progress.read(text)) allow()
      },
    })
    return { done: progress.done(machines), allowedMs }
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    const at = progress.at()
    return {
      done: progress.done(machines),
      ...(at === undefined ? {} : { at }),
      error: withoutProgress(error, word),
      limit: error.limit ?? (slow.signal.aborted ? 'time' : undefined),
      allowedMs,
    }
  } finally {
    clearTimeout(timer)
  }
}

/** Reads what the expression says of itself; `read` tells whether a machine began or ended. */
function readProgress(word: string) {
  let unread = ''
  let at: number | undefined
  const systems = new Map<number, Omit<Extract<Evaluation, { kind: 'system' }>, 'kind'>>()
  return {
    read(text: string): boolean {
      const lines = (unread + text).split('\n')
      unread = lines.pop()!
      let moved = false
      for (const line of lines) {
        const [, what, index, rest = ''] =
          new RegExp(`^trace: ${word} (begin|done) (\\d+) ?(.*)$`).exec(line) ?? []
        if (what === 'begin') at = Number(index)
        else if (what === 'done') systems.set(Number(index), JSON.parse(rest) as never)
        else continue
        moved = true
      }
      return moved
    },
    /** The machine that began last and did not end. */
    at: () => (at === undefined ? undefined : systems.has(at) ? at + 1 : at),
    done: (machines: readonly string[]): Result =>
      new Map(
        [...systems].map(([index, system]) => [machines[index]!, { kind: 'system', ...system }]),
      ),
  }
}

/** The error as if the expression had said nothing of itself. */
function withoutProgress(error: CommandError, word: string): CommandError {
  const stderr = error.stderr
    .split('\n')
    .filter((line) => !line.startsWith(`trace: ${word} `))
    .join('\n')
  const { message, command, exitCode, signal, limit } = error
  return new CommandError(message, { command, exitCode, signal, limit, stderr }, { cause: error })
}

function exceeded(
  limit: NonNullable<Attempt['limit']>,
  allowedMs: number,
  { memoryBytes }: EachOptions,
): string {
  switch (limit) {
    case 'time':
      return `evaluation took more than ${duration(allowedMs)}`
    case 'memory':
      return `evaluation took more than ${size(memoryBytes)} of memory`
    case 'output':
      return 'evaluation said more than anybody reads'
  }
}

const duration = (ms: number): string =>
  ms >= 90_000 ? `${Math.round(ms / 60_000)} min` : `${Math.max(1, Math.round(ms / 1000))} s`

const size = (bytes: number): string =>
  bytes >= 2 ** 30
    ? `${Number((bytes / 2 ** 30).toFixed(1))} GiB`
    : `${Math.round(bytes / 2 ** 20)} MiB`

const systemsExpression = (flake: string, machines: readonly string[], word: string): string =>
  `let
  flake = ${flake};
  # What breaks all of them shows before the first.
  trunk = builtins.attrNames flake.deploy.nodes ++ builtins.attrNames flake.nixosConfigurations;
  systemOf = name:
    let
      profile = flake.deploy.nodes.\${name}.profiles.system.path;
      # Only a warning comes of it: it must not fail what is deployed.
      unused = builtins.tryEval (let found = flake.lib.unused.\${name} or [ ]; in builtins.deepSeq found found);
    in {
      path = profile.outPath;
      drv = profile.drvPath;
      system = flake.nixosConfigurations.\${name}.config.system.build.toplevel.outPath;
      unused = if unused.success then unused.value else [ ];
    };
  say = index: name:
    builtins.trace "${word} begin \${index}" (
      let answer = builtins.toJSON (systemOf name);
      in builtins.seq answer (builtins.trace "${word} done \${index} \${answer}" null)
    );
in
builtins.deepSeq trunk [ ${machines.map((name, index) => `(say "${index}" ${nixText(name)})`).join(' ')} ]`
