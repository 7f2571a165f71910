import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nixcluster-completion-'))
  for (const shell of ['bash', 'zsh', 'fish']) {
    const script = execFileSync('bin/nixcluster', ['completion', shell], { encoding: 'utf8' })
    writeFileSync(join(folder, shell), script)
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What bash offers at the end of a line; `=` stands alone, as bash parts words. */
function inBash(line: string): string[] {
  const words = line.split(' ')
  const script = `. "$0"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_nixcluster
printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = spawnSync('bash', ['-euc', script, join(folder, 'bash'), ...words], {
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  return stdout.split('\n').filter((word) => word !== '')
}

/** Command line -> what it goes on with. */
const lines: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ['nixcluster val', ['validate']],
  ['nixcluster re', ['resolve', 'render', 'retry', 'resume']],
  ['nixcluster --v', ['--version']],
  ['nixcluster validate --out', ['--output']],
  ['nixcluster validate --output ', ['text', 'json', 'github', 'sarif']],
  ['nixcluster validate --output s', ['sarif']],
  ['nixcluster validate --output = s', ['sarif']],
  ['nixcluster validate --dir validate --output =', ['text', 'json', 'github', 'sarif']],
  ['nixcluster resolve --output js', ['json']],
  ['nixcluster explain schema/unk', ['schema/unknown-key', 'schema/unknown-tag']],
  ['nixcluster hook in', ['install']],
  ['nixcluster hook install --sec', ['--secret-file']],
  ['nixcluster help stat', ['status']],
  ['nixcluster completion ', ['bash', 'zsh', 'fish']],
  // Where files may stand, bash offers these itself.
  ['nixcluster validate --dir ', []],
  ['nixcluster render --out x', []],
]

test.each(lines)('bash completes: %s', (line, offered) => expect(inBash(line)).toEqual(offered))

test('bash offers every command that help lists', () => {
  const help = execFileSync('bin/nixcluster', ['help'], { encoding: 'utf8' })
  const commands = [...help.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name)
  expect(commands).toContain('validate')
  expect(inBash('nixcluster ').toSorted()).toEqual(commands.toSorted())
})

const isThere = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0

test
  .skipIf(!isThere('fish'))
  .each(lines.filter(([line, offered]) => !line.includes(' =') && offered.length > 0))(
  'fish completes: %s',
  (line, offered) => {
    const { stdout, stderr } = spawnSync(
      'fish',
      ['--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', join(folder, 'fish'), line],
      { cwd: folder, encoding: 'utf8', env: { ...process.env, HOME: folder } },
    )
    expect(stderr).toBe('')
    const words = stdout.split('\n').map((word) => word.split('\t')[0]!)
    expect(words.filter((word) => offered.includes(word)).toSorted()).toEqual(offered.toSorted())
  },
)

test.skipIf(!isThere('zsh'))('zsh loads what it is given', () => {
  const load = 'autoload -U compinit && compinit -u && source $1 && print $_comps[nixcluster]'
  const { stdout, stderr } = spawnSync('zsh', ['-fc', load, '-', join(folder, 'zsh')], {
    encoding: 'utf8',
    env: { ...process.env, HOME: folder },
  })
  expect(stderr).toBe('')
  expect(stdout).toContain('_bash_complete')
})
