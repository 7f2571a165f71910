import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Command } from 'commander'
import type { CliContext, LockFlake, OpenRepository } from './cli/context.ts'
import type { RunDemo } from './cli/demo.ts'
import type { OpenFleet } from './cli/plan.ts'

// The only room that knows the environment; it wires, and imports a command when it is asked for.

const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { version: string }

/** Of what stands in `dist`; sources change without saying so. */
const build = existsSync(new URL('build-id', import.meta.url))
  ? readFileSync(new URL('build-id', import.meta.url), 'utf8')
  : undefined

/** Without a home there is no place that is ours alone. */
const cacheHome =
  process.env['XDG_CACHE_HOME'] || (process.env['HOME'] && join(process.env['HOME'], '.cache'))

const context: CliContext = {
  version,
  ...(build !== undefined && cacheHome
    ? { cache: { folder: join(cacheHome, 'nixcluster/compiled'), build } }
    : {}),
  cwd: process.cwd(),
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  colour: process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined,
  readPage: (name) => readFileSync(new URL(`../docs/${name}`, import.meta.url), 'utf8'),
  exit: (code) => (process.exitCode = code),
}

/** What Nix, git, ssh and deploy-rs get to see of our environment: no credentials are among it. */
const passedOn = ['PATH', 'HOME', 'LANG', 'NIX_CONF_DIR', 'NIX_CONFIG', 'NIX_REMOTE', 'NIX_PATH']
const programEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    [...passedOn, 'NIX_SSL_CERT_FILE', 'SSL_CERT_FILE', 'TZ'].flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )

const cacheFolder = (): string =>
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'nixcluster')

const lock: LockFlake = async (folder, inputs) => {
  if (!hasNix) throw new Error('nix is not in PATH: install Nix, 2.18 or later')
  const { createNix } = await import('./nix/nix.ts')
  const nix = createNix({ nix: 'nix', env: programEnvironment(), stateDir: cacheFolder() })
  await nix.lock(folder, inputs)
}

const openRepository: OpenRepository = async (folder) => {
  const { readRevisions } = await import('./git/read-revisions.ts')
  return readRevisions(folder, programEnvironment())
}

const openFleet: OpenFleet = async (folder, withNix, log) => {
  if (withNix && !hasNix)
    throw new Error('nix is not in PATH: install Nix, 2.18 or later, or say --static')
  const [{ run }, { createGit }, { createLedgerStore }, { openWorkTree }, { compile }, crypto] =
    await Promise.all([
      import('./exec/run.ts'),
      import('./git/git.ts'),
      import('./git/ledger-store.ts'),
      import('./git/work-tree.ts'),
      import('./compile/compile.ts'),
      import('node:crypto'),
    ])
  const env = programEnvironment()
  const asked = ['-C', folder, 'rev-parse', '--path-format=absolute', '--git-common-dir']
  const answer = await run('git', [...asked, '--show-prefix'], { env })
  const [gitDir = '', prefix = ''] = answer.stdout.split('\n')
  if (prefix !== '')
    throw new Error(`what is deployed is a whole repository; ${folder} is ${prefix} of one`)
  const { createNix } = withNix ? await import('./nix/nix.ts') : {}
  const nix = createNix?.({ nix: 'nix', env, stateDir: cacheFolder() })
  return {
    git: createGit({ url: gitDir, mirror: gitDir, env }),
    gitDir,
    workTree: openWorkTree(folder, env),
    compile: (source) => Promise.resolve(compile(source)),
    ledgerStore: (git) => createLedgerStore({ git, id: 'local' }),
    clock: { now: () => new Date(), sleep: () => Promise.resolve() },
    log,
    hash: (text) => crypto.createHash('sha256').update(text).digest('hex'),
    version,
    ...(nix === undefined ? {} : { nix }),
    nixVersion: (await nix?.version()) ?? '',
  }
}

/** The lab is no part of the product: it is beside its sources, and in the package; elsewhere it is not. */
const loadDemo = async (): Promise<RunDemo> => {
  const isSource = import.meta.filename.endsWith('.ts')
  const file = new URL(isSource ? '../lab/demo.ts' : 'lab/demo.js', import.meta.url)
  if (!existsSync(file))
    throw new Error('the demo is not in this installation; the npm package has it')
  const { demo } = (await import(file.href)) as { readonly demo: RunDemo }
  return demo
}

const hasNix = (process.env['PATH'] ?? '')
  .split(delimiter)
  .some((folder) => existsSync(join(folder, 'nix')))

const commands: Readonly<Record<string, (program: Command) => Promise<void>>> = {
  init: async (program) =>
    (await import('./cli/init.ts')).register(program, context, hasNix ? lock : undefined),
  validate: async (program) => (await import('./cli/validate.ts')).register(program, context),
  resolve: async (program) => (await import('./cli/resolve.ts')).register(program, context),
  render: async (program) => (await import('./cli/render.ts')).register(program, context),
  diff: async (program) =>
    (await import('./cli/diff.ts')).register(program, context, openRepository),
  plan: async (program) => (await import('./cli/plan.ts')).register(program, context, openFleet),
  explain: async (program) => (await import('./cli/explain.ts')).register(program, context),
  graph: async (program) => (await import('./cli/graph.ts')).register(program, context),
  update: async (program) => (await import('./cli/update.ts')).register(program, context, lock),
  deploy: async (program) => (await import('./cli/deploy.ts')).register(program, context, user()),
  retry: async (program) => (await import('./cli/retry.ts')).register(program, context, user()),
  pause: async (program) => (await import('./cli/pause.ts')).register(program, context, user()),
  resume: async (program) => (await import('./cli/resume.ts')).register(program, context, user()),
  status: async (program) => (await import('./cli/status.ts')).register(program, context),
  hook: async (program) => (await import('./cli/hook.ts')).register(program, context),
  serve: async (program) =>
    (await import('./cli/serve.ts')).register(program, context, {
      env: process.env,
      isTerminal: process.stderr.isTTY === true,
      start: async (config, log) =>
        (await import('./server/controller.ts')).startController({
          config,
          log,
          env: programEnvironment(),
          version,
        }),
    }),
  doctor: async (program) =>
    (await import('./cli/doctor.ts')).register(program, context, {
      env: process.env,
      isWatched: process.stderr.isTTY === true,
      examine: async (subject) => {
        const { examineAll } = await import('./server/doctor.ts')
        const findings = await examineAll({ ...subject, env: programEnvironment() })
        // What hangs must not hold up the end.
        setTimeout(() => process.exit(), 500).unref()
        return findings
      },
    }),
  demo: async (program) => (await import('./cli/demo.ts')).register(program, context, loadDemo),
  completion: async (program) => (await import('./cli/completion.ts')).register(program, context),
}

/** Whom a deployment is written down for. */
const user = (): string => process.env['SUDO_USER'] ?? process.env['USER'] ?? 'somebody'

const program = new Command('nixcluster')
  .description('One configuration for many NixOS machines.')
  .version(version)
  .addHelpText('after', '\nnixcluster help COMMAND has its options and an example.')
  .showHelpAfterError('(nixcluster --help lists the commands)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))

const [name = ''] = process.argv.slice(2)
const asked = Object.hasOwn(commands, name) ? commands[name] : undefined
// What completes commands has to know all of them.
if (asked === undefined || name === 'completion')
  for (const register of Object.values(commands)) await register(program)
else await asked(program)
if (name === '') program.outputHelp()
else await program.parseAsync()
