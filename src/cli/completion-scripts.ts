/** What can stand behind a command. */
export interface Completed {
  /** Its words after the program's name, such as `hook install`; empty for the program itself. */
  readonly path: string
  readonly options: readonly CompletedOption[]
  /** Commands and values of its argument. */
  readonly words: readonly { readonly word: string; readonly description: string }[]
  /** Whether files may stand there. */
  readonly takesFiles: boolean
}

export interface CompletedOption {
  readonly flags: readonly string[]
  readonly description: string
  /** A value follows. */
  readonly takesValue: boolean
  /** The values that there are; without them, a file may be meant. */
  readonly choices: readonly string[]
}

/** A script for bash that completes without starting the program. */
export function bashCompletion(commands: readonly Completed[]): string {
  const values = commands.flatMap(({ path, options }) =>
    options.flatMap(({ flags, takesValue, choices }) =>
      takesValue ? flags.map((flag) => [`${path} ${flag}`, choices] as const) : [],
    ),
  )
  return `# nixcluster completion bash, in ~/.bashrc: source <(nixcluster completion bash)
_nixcluster() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local path= options= offered= index
  # bash parts --output=json at the sign.
  if [[ $word == = ]]; then
    word=
  elif [[ $previous == = ]]; then
    previous=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "$path \${COMP_WORDS[index]}" in
      ${patterns(commands.flatMap(({ path }) => (path === '' ? [] : [withGap(path)])))}) path="\${path:+$path }\${COMP_WORDS[index]}" ;;
    esac
  done
  COMPREPLY=()
  case "$path $previous" in
${values.map(([key, choices]) => `    ${quoted(key)}) offered=${quoted(choices.join(' '))} ;;\n`).join('')}    *)
      case "$path" in
${commands.map((command) => `        ${quoted(command.path)}) options=${quoted(flagsOf(command))} offered=${quoted(wordsOf(command))} ;;\n`).join('')}      esac
      if [[ $word == -* ]]; then offered=$options; fi
      ;;
  esac
  if [[ -n $offered ]]; then COMPREPLY=($(compgen -W "$offered" -- "$word")); fi
}
complete -o default -F _nixcluster nixcluster
`
}

/** The same for zsh, which understands what is written for bash. */
export function zshCompletion(commands: readonly Completed[]): string {
  return `# nixcluster completion zsh, in ~/.zshrc after compinit: source <(nixcluster completion zsh)
autoload -U +X bashcompinit && bashcompinit
${bashCompletion(commands).replace(/^.*\n/, '')}`
}

/** The same for fish, with descriptions. */
export function fishCompletion(commands: readonly Completed[]): string {
  const lines = commands.flatMap(({ path, options, words, takesFiles }) => {
    const add = (rest: string): string =>
      `complete -c nixcluster -n ${quotedForFish(`__nixcluster_at ${path}`.trim())} ${rest}`
    return [
      ...(takesFiles ? [] : [add('-f')]),
      ...words.map(({ word, description }) =>
        add(`-f -a ${quotedForFish(word)}${described(description)}`),
      ),
      ...options.map(({ flags, description, takesValue, choices }) => {
        const named = flags.map((flag) =>
          flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
        )
        const value = choices.length > 0 ? ` -x -a ${quotedForFish(choices.join(' '))}` : ' -r -F'
        return add(`${named.join(' ')}${takesValue ? value : ''}${described(description)}`)
      }),
    ]
  })
  const known = commands.flatMap(({ path }) => (path === '' ? [] : [quotedForFish(withGap(path))]))
  return `# nixcluster completion fish, in config.fish: nixcluster completion fish | source
function __nixcluster_at
    set -l path
    set -l words (commandline -opc)
    set -e words[1]
    for word in $words
        switch "$path $word"
            case ${known.join(' ')}
                set path (string trim "$path $word")
        end
    end
    test "$path" = "$argv"
end
${lines.join('\n')}
`
}

/** A path as it is while its last word is being read: what was read before, a space, the word. */
const withGap = (path: string): string => (path.includes(' ') ? path : ` ${path}`)

const patterns = (words: readonly string[]): string => words.map(quoted).join(' | ')
const flagsOf = ({ options }: Completed): string => options.flatMap(({ flags }) => flags).join(' ')

/** Without a word or a file to go on with, an option is what is left. */
const wordsOf = (command: Completed): string => {
  const { words, takesFiles } = command
  if (words.length > 0 || takesFiles) return words.map(({ word }) => word).join(' ')
  return flagsOf(command)
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
const quotedForFish = (text: string): string => `'${text.replaceAll(/[\\']/g, '\\$&')}'`
const described = (description: string): string =>
  description === '' ? '' : ` -d ${quotedForFish(description)}`
