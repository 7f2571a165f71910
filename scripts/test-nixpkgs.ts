import { existsSync } from 'node:fs'
import { cp, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { labInputs } from '../lab/inputs.ts'
import { readFolder } from '../src/cli/folder.ts'
import { writeFiles } from '../src/cli/render.ts'
import { compile } from '../src/compile/compile.ts'
import { movedSourceFlake } from '../src/render/flake.ts'
import { cache, linked, which } from './cache.ts'
import { nixEnvironment } from './nix.ts'

// Evaluates every machine of every example, and the controller's own module, against some nixpkgs; nothing
// is built.

const usage = `npm run test:nixpkgs -- FLAKEREF [INPUT=FLAKEREF...]

FLAKEREF is what takes the place of nixpkgs, such as github:NixOS/nixpkgs/nixos-25.11; any flake that has
lib.nixosSystem will do. The other inputs come from where the examples say, over the network, unless they
are named too. Without a network, \`lab\` means the lab's stand-ins for all inputs of the examples.
`

const root = join(import.meta.dirname, '..')
const own = which('nix')
const nix = own ?? linked('nix')
const environment = own === undefined ? await nixEnvironment() : {}

/** Machines that are evaluated by one process: more of them need more memory, not less time. */
const together = 10

/** A folder with a fleet, and what has to be changed in its copy before it stands for itself. */
interface Example {
  readonly name: string
  readonly folder: string
  readonly change?: (text: string) => string
}

/** The demo's fleet is a template for machines without disks. */
function fillDemo(text: string): string {
  const addresses = new Map<string, number>()
  return text
    .replaceAll(
      /__\w+-key__/g,
      'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl',
    )
    .replace('__nixpkgs__', 'github:NixOS/nixpkgs/nixos-25.11')
    .replace('__deploy-rs__', 'github:serokell/deploy-rs')
    .replaceAll('__gateway__', '10.0.0.1')
    .replaceAll(/__(\w+)__/g, (_, name: string) => {
      if (!addresses.has(name)) addresses.set(name, addresses.size + 11)
      return `10.0.0.${addresses.get(name)}`
    })
    .replace(
      '    stateVersion: "25.11"\n',
      (line) => `${line}    config: { boot.isContainer: true }\n`,
    )
}

async function findExamples(): Promise<readonly Example[]> {
  const folder = join(root, 'examples')
  const names = existsSync(folder) ? await readdir(folder) : []
  const found: readonly Example[] = [
    { name: 'demo', folder: join(root, 'lab/demo/fleet'), change: fillDemo },
    ...names.sort().map((name) => ({ name, folder: join(folder, name) })),
  ]
  return found.filter((each) => existsSync(join(each.folder, 'nixcluster.yaml')))
}

/** The example's generated tree, in a folder of its own. */
async function generate({ folder, change }: Example): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'nixcluster-example-'))
  await cp(folder, copy, { recursive: true })
  if (change)
    for (const name of await readdir(copy, { recursive: true }))
      if (name.endsWith('.yaml'))
        await writeFile(join(copy, name), change(await readFile(join(copy, name), 'utf8')))
  const { rendered, diagnostics } = compile(await readFolder(copy))
  if (!rendered)
    throw new Error(
      diagnostics.map(({ file, line, message }) => `${file}:${line} ${message}`).join('\n'),
    )
  if (existsSync(join(copy, 'flake.nix')))
    await rename(join(copy, 'flake.nix'), join(copy, movedSourceFlake))
  await writeFiles(copy, rendered)
  return copy
}

interface Outcome {
  readonly machines: number
  readonly errors: readonly string[]
}

/** Locks an example's flake with the overrides that are inputs of it, and evaluates all its machines. */
async function tryExample(
  example: Example,
  overrides: ReadonlyMap<string, string>,
): Promise<Outcome> {
  const folder = await generate(example)
  const flake = `path:${folder}`
  try {
    const inputs = await read<object>('--file', join(folder, 'flake.nix'), 'inputs')
    const named = [...overrides].filter(([input]) => Object.hasOwn(inputs, input))
    await runNix('flake', 'lock', flake, ...named.flatMap((each) => ['--override-input', ...each]))
    const machines = await read<string[]>(`${flake}#deploy.nodes`, '--apply', 'builtins.attrNames')
    const errors: string[] = []
    for (let first = 0; first < machines.length; first += together)
      errors.push(...(await evaluate(flake, machines.slice(first, first + together))))
    return { machines: machines.length, errors }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Evaluates a machine with `services.nixcluster`, alone and with the roles apart, and the package that it runs. */
async function tryModule(nixpkgs: string): Promise<Outcome> {
  const expression = `
    let
      nixpkgs = builtins.getFlake "${nixpkgs}";
      nixcluster = (import ${root}/flake.nix).outputs { inherit nixpkgs; self = nixcluster; };
      machine = apart: (nixpkgs.lib.nixosSystem {
        modules = [ nixcluster.nixosModules.default {
          nixpkgs.hostPlatform = "x86_64-linux";
          nixpkgs.overlays = [ (final: previous: { deploy-rs = previous.deploy-rs or final.hello; }) ];
          boot.isContainer = true;
          system.stateVersion = "25.11";
          services.nixcluster = {
            enable = true;
            settings.ssh.identityFile = "/run/secrets/key";
            settings.repositories = [ {
              name = "fleet"; url = "/srv/git/fleet.git"; secretFile = "/run/secrets/fleet";
            } ];
            roles = { inherit apart; };
          };
        } ];
      }).config.system.build.toplevel.drvPath;
    in map (apart: builtins.unsafeDiscardStringContext (machine apart)) [ false true ]`
  const machines = await read<string[]>('--impure', '--expr', expression)
  return { machines: machines.length, errors: [] }
}

/** Evaluates what deploy-rs would activate; gives an error for each machine that fails. */
async function evaluate(flake: string, machines: readonly string[]): Promise<readonly string[]> {
  const names = machines.map((name) => JSON.stringify(name)).join(' ')
  const path = 'builtins.unsafeDiscardStringContext nodes.${name}.profiles.system.path.drvPath'
  try {
    await read(`${flake}#deploy.nodes`, '--apply', `nodes: map (name: ${path}) [ ${names} ]`)
    return []
  } catch (error) {
    if (machines.length === 1) return [`${names}: ${whatNixSays(error)}`]
    const errors: string[] = []
    for (const machine of machines) errors.push(...(await evaluate(flake, [machine])))
    return errors
  }
}

async function read<Value>(...words: string[]): Promise<Value> {
  return JSON.parse(await runNix('eval', '--json', ...words)) as Value
}

async function runNix(...words: string[]): Promise<string> {
  const features = ['--extra-experimental-features', 'nix-command flakes']
  const { stdout } = await execa(nix!, [...words, ...features], { env: environment })
  return stdout
}

function whatNixSays(error: unknown): string {
  const { stderr } = error as { stderr?: string }
  const lines = (stderr ?? String(error)).trim().split('\n')
  return lines
    .filter((line) => !line.startsWith('warning:'))
    .slice(-25)
    .join('\n')
}

/** Nix takes a bare path for a name of its registry. */
const reference = (text: string): string => (/^[./]/.test(text) ? `path:${resolve(text)}` : text)

/** The lab's flakes, each in the folder of the input's name. */
async function standIns(): Promise<readonly (readonly [string, string])[]> {
  const lab = join(root, 'lab')
  const names = (await readdir(lab)).filter((name) => existsSync(join(lab, name, 'flake.nix')))
  const { nixpkgs, deployRs } = await labInputs({ activate: linked('activate')!, cache })
  return [
    ...names.map((name) => [name, `path:${join(lab, name)}`] as const),
    ['nixpkgs', nixpkgs],
    ['deploy-rs', deployRs],
  ]
}

/** The first word stands for nixpkgs. */
async function readOverrides(
  words: readonly string[],
): Promise<ReadonlyMap<string, string> | undefined> {
  const [first, ...others] = words
  if (first === undefined || first.startsWith('-')) return undefined
  if (others.some((word) => !word.includes('='))) return undefined
  const named = others.map((word): [string, string] => {
    const [input = '', ...rest] = word.split('=')
    return [input, reference(rest.join('='))]
  })
  if (first !== 'lab') return new Map([['nixpkgs', reference(first)], ...named])
  return new Map([...(await standIns()), ...named])
}

async function main(words: readonly string[]): Promise<0 | 1 | 2> {
  const overrides = await readOverrides(words)
  if (overrides === undefined || nix === undefined) {
    process.stderr.write(nix === undefined ? 'nix is not in PATH\n' : usage)
    return 2
  }
  let failures = 0
  const trials = [
    { name: 'controller', run: () => tryModule(overrides.get('nixpkgs')!) },
    ...(await findExamples()).map((example) => ({
      ...{ name: example.name, run: () => tryExample(example, overrides) },
    })),
  ]
  for (const { name, run } of trials) {
    const start = performance.now()
    const { machines, errors } = await run().catch((error: unknown): Outcome => ({
      machines: 0,
      errors: [whatNixSays(error)],
    }))
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    const result = errors.length === 0 ? 'evaluated' : `of which ${errors.length} failed`
    process.stdout.write(`${name.padEnd(16)} ${machines} machines ${result}, ${seconds} s\n`)
    for (const error of errors) process.stderr.write(`${error}\n`)
    failures += errors.length
  }
  return failures === 0 ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
