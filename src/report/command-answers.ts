import { code, prose } from './markdown.ts'

/** What people can answer a comment of ours with, what it does, and who may. */
const commands: readonly (readonly [string, string])[] = [
  ['plan', 'makes the plan again'],
  ['approve', 'lets this commit of a stranger be evaluated; a push drops it'],
  ['deploy', 'deploys what waits for a person'],
  ['allow removal N', 'lets this commit remove so much; a push drops it'],
  ['retry [SELECTOR]', 'tries again what failed, on these machines or on all'],
  ['pause SELECTOR [until TIME]', 'gives these machines nothing new until then, or until `resume`'],
  ['resume [SELECTOR]', 'ends pauses'],
  ['help', 'shows this'],
]

const table = [
  '| comment | what it does |',
  '|---|---|',
  ...commands.map(([command, what]) => `| ${code(`/nixcluster ${command}`)} | ${what} |`),
].join('\n')

const selectors =
  'A selector is one word, as in the configuration: `vm0`, `vm*`, `tag:rack-a`, `vault.example.com`. ' +
  '`help` is for everybody, `plan` for the author, too, the others for those who may push. TIME is ' +
  '`2h`, `18:00`, `tomorrow 08:00` or a date, in UTC where no zone is given.'

/** The answer to `/nixcluster help`; no answer begins with a command, or we would answer ourselves. */
export const helpText = (): string => [`What you can comment:`, table, selectors].join('\n\n')

/** The answer to a word that is no command: help, said once. */
export const unknownText = (word: string): string =>
  [`${code(word) || 'An empty word'} is no command. What you can comment:`, table, selectors].join(
    '\n\n',
  )

/** Why nothing was done; the reason is a sentence without its dot, backticks hold what can be typed. */
export const refusedText = (reason: string): string => `Nothing was done: ${prose(reason)}.`

/** What was done, where a reaction does not say enough. */
export const doneText = (what: string): string => `${prose(what)}.`
