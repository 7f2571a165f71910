import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { toMilliseconds } from '../config/duration.ts'
import {
  follow,
  postPush,
  RefusedError,
  type ControllerAddress,
  type FollowLink,
} from './client.ts'
import type { CliContext } from './context.ts'
import { installHook } from './install-hook.ts'
import { couldNotRun } from './output.ts'

interface HookOptions {
  readonly url: string
  readonly repository: string
  readonly secretFile: string
  readonly limit: string
}

/** `nixcluster hook`: what a bare repository's post-receive hook runs, and its installation. */
export function register(program: Command, context: CliContext): void {
  const hook = program
    .command('hook')
    .description('tell the controller about pushes to a repository')
  const withOptions = (command: Command): Command =>
    command
      .requiredOption('--url <url>', "the controller's URL")
      .requiredOption('--repository <name>', 'what the controller calls the repository')
      .requiredOption('--secret-file <file>', 'file with the secret that the controller knows')
      .option('--limit <duration>', 'how long to follow, for example 90s', '600s')

  withOptions(hook.command('post-receive'))
    .description("read git's updates, hand them over and print what the controller says")
    .action(async (options: HookOptions) => {
      const lines = printer(context)
      try {
        const secret = (await readFile(options.secretFile, 'utf8')).trim()
        const updates = parseUpdates(await readAll(process.stdin))
        await report({ url: options.url, secret }, options, updates, lines)
      } catch (error) {
        lines(`nixcluster: ${error instanceof Error ? error.message : String(error)}`)
      }
      // The push has happened: nothing that we could not do makes it fail.
      context.exit(0)
    })

  withOptions(hook.command('install'))
    .description('write the post-receive hook of a bare repository')
    .argument('<repository>', 'folder of the bare repository')
    .option('--program <file>', 'what the hook starts (default: this program, where it is now)')
    .addHelpText(
      'after',
      '\nExample: nixcluster hook install /srv/git/fleet.git --url http://127.0.0.1:8080 \\\n' +
        '           --repository fleet --secret-file /etc/nixcluster/fleet.secret',
    )
    .action(async (folder: string, options: HookOptions & { readonly program?: string }) => {
      const { program = fileURLToPath(new URL('../../bin/nixcluster', import.meta.url)) } = options
      try {
        const file = await installHook(resolve(context.cwd, folder), {
          ...options,
          program: resolve(context.cwd, program),
          secretFile: resolve(context.cwd, options.secretFile),
        })
        context.stdout(`${file} is installed\n`)
      } catch (error) {
        couldNotRun(context, error)
      }
    })
}

/** One line of git's standard input to a post-receive hook: `old new ref`. */
export interface Update {
  readonly ref: string
  readonly old: string
  readonly new: string
}

/** Gives the updated branches that are not the controller's own. */
export function parseUpdates(text: string): readonly Update[] {
  return text.split('\n').flatMap((line) => {
    const [, old, to, ref] = /^(\S+) (\S+) (.+)$/.exec(line) ?? []
    if (old === undefined || to === undefined || ref === undefined) return []
    const isOurs = ref.startsWith('refs/heads/nixcluster/')
    return ref.startsWith('refs/heads/') && !isOurs ? [{ ref, old, new: to }] : []
  })
}

/** Posts the updates and prints what is said about each; every failure is one line. */
export async function report(
  controller: ControllerAddress,
  { repository, limit }: Pick<HookOptions, 'repository' | 'limit'>,
  updates: readonly Update[],
  print: (line: string) => void,
): Promise<void> {
  if (updates.length === 0) return
  const limitMs = toMilliseconds(limit)
  if (Number.isNaN(limitMs)) throw new Error(`--limit ${limit}: write 90s, 10m or 1h`)
  let links: readonly FollowLink[]
  try {
    links = await postPush(controller, repository, updates)
  } catch (error) {
    print(
      error instanceof RefusedError && error.status < 500
        ? `nixcluster: the controller refused the push: ${error.message}`
        : 'nixcluster: controller does not answer; it will look by itself within a minute',
    )
    return
  }
  const signal = AbortSignal.timeout(limitMs)
  for (const link of links) {
    if (links.length > 1) print(`nixcluster: ${link.ref}`)
    await printLines(controller, link, signal, print)
  }
}

async function printLines(
  controller: ControllerAddress,
  link: FollowLink,
  signal: AbortSignal,
  print: (line: string) => void,
): Promise<void> {
  try {
    const lines = follow(controller, link, signal)
    for (;;) {
      const next = await lines.next()
      if (!next.done) print(next.value)
      else if (next.value === 'end') return
      else return print(`nixcluster: ${endings[next.value]}; the controller goes on by itself`)
    }
  } catch (error) {
    const reason = error instanceof RefusedError ? error.message : 'the controller is gone'
    print(`nixcluster: cannot follow (${reason}); the controller goes on by itself`)
  }
}

const endings = {
  limit: 'nothing more within the time limit',
  'cut-off': 'the connection was cut',
} as const

/** What comes over the network must not move the pusher's cursor. */
const printer = (context: CliContext) => (line: string) =>
  context.stdout(`${line.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')}\n`)

async function readAll(stream: AsyncIterable<unknown>): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}
