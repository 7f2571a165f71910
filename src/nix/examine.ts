import { access, constants, mkdir } from 'node:fs/promises'
import { run } from '../exec/run.ts'
import { findProgram } from '../exec/find-program.ts'
import { CommandError } from '../model/errors.ts'
import type { NixSurroundings } from '../model/surroundings.ts'
import { cagedEnvironment, inOwnHome } from './cage.ts'
import { toPathInfos } from './closures.ts'
import { nixText } from './flake-expression.ts'

/** Nix as it is found, tried out as the controller uses it; `folder` is only for this. */
export function createNixExaminer({
  nix,
  env,
  folder,
}: {
  readonly nix: string
  readonly env: Readonly<Record<string, string>>
  readonly folder: string
}): NixSurroundings {
  const own = { ...env, HOME: folder, LANG: 'C.UTF-8', NO_COLOR: '1' }
  const features = ['--extra-experimental-features', 'nix-command flakes']
  const call = async (args: readonly string[], signal: AbortSignal): Promise<string> => {
    await mkdir(folder, { recursive: true })
    return (await run(nix, [...args, ...features], { env: own, signal })).stdout
  }
  /** By its older name where it does not know the newer one. */
  const either = (now: readonly string[], before: readonly string[], signal: AbortSignal) =>
    call(now, signal).catch((error: unknown) => {
      if (!(error instanceof CommandError) || signal.aborted) throw error
      return call(before, signal)
    })

  return {
    async evaluate(signal) {
      await call(['eval', '--expr', 'assert builtins ? getFlake; 1 + 1'], signal)
    },

    async store(signal) {
      const said = await either(['store', 'info', '--json'], ['store', 'ping', '--json'], signal)
      const { url } = JSON.parse(said) as { readonly url: string }
      // Without a daemon, whoever asks writes the link to the root.
      const mayRoot =
        url !== 'local' ||
        (await access('/nix/var/nix/gcroots/auto', constants.W_OK).then(
          () => true,
          () => false,
        ))
      return { url, mayRoot }
    },

    async settings(signal) {
      const said = await either(['config', 'show', '--json'], ['show-config', '--json'], signal)
      const settings = JSON.parse(said) as Readonly<Record<string, { readonly value: unknown }>>
      const value = (name: string): unknown => settings[name]?.value
      return {
        system: String(value('system') ?? ''),
        extraPlatforms: ((value('extra-platforms') ?? []) as readonly unknown[]).map(String),
        // `relaxed` is for those that ask to be let out.
        sandbox: ![false, 'false'].includes(value('sandbox') as boolean),
      }
    },

    cage: (signal) =>
      inOwnHome(folder, async (home) => {
        // In its own PATH there is nothing.
        const program = (await findProgram(nix, env['PATH'] ?? '')) ?? nix
        const flags = ['--offline', '--option', 'experimental-features', 'nix-command']
        const evaluate = (expression: string): Promise<unknown> =>
          run(program, ['eval', '--json', ...flags, '--expr', expression], {
            env: cagedEnvironment(env, home, { isForeign: true, mayImport: false }),
            cwd: home,
            signal,
          })
        await evaluate('1 + 1')
        try {
          await evaluate('builtins.stringLength (builtins.readFile "/proc/version")')
          return 'open'
        } catch (error) {
          if (!(error instanceof CommandError) || signal.aborted) throw error
          return 'closed'
        }
      }),

    async build(system, signal) {
      // New each time: what is in the store already proves nothing.
      const nonce = crypto.randomUUID()
      const expression = `derivation {
        name = "nixcluster-doctor";
        system = ${nixText(system)};
        builder = "/bin/sh";
        args = [ "-c" "echo ${nonce} >$out" ];
      }`
      const said = await call(
        ['build', '--no-link', '--print-out-paths', '--expr', expression],
        signal,
      )
      const path = said.trim()
      if (!toPathInfos(await call(['path-info', '--json', path], signal)).has(path)) {
        throw new CommandError('nix path-info --json has another form than is known here', {
          command: nix,
        })
      }
    },
  }
}
