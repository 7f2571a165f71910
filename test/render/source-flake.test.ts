import { expect, test } from 'vitest'
import { readSourceFlake } from '../../src/schema/source-flake.ts'
import { compileTexts } from '../compile/fleet.ts'
import { folderOf, labFlakes, runNix } from './nix.ts'
import { nixfmt } from './nixfmt.ts'

const fleet = `apiVersion: nixcluster/v1
kind: Project
inputs:
  nixpkgs: { url: "${labFlakes.nixpkgs}" }
  deploy-rs: { url: "${labFlakes['deploy-rs']}" }
---
apiVersion: nixcluster/v1
kind: Domain
suffix: lab
system: x86_64-linux
clusters:
  demo:
    machines:
      web1:
        interfaces: { eth0: { addresses: [10.0.0.11/24] } }
        config: { environment.etc.tools.text: !nix inputs.tools.greeting }
`

/** The generated flake beside a source's own, as Nix sees it. */
function evaluating(source: string): (attribute: string) => unknown {
  const { rendered, diagnostics } = compileTexts({ 'nixcluster.yaml': fleet, 'flake.nix': source })
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([])
  const flake = rendered!.files.get('flake.nix')!
  expect(nixfmt(flake)).toBe(flake)
  const folder = folderOf([
    ['flake.source.nix', source],
    ['tools/flake.nix', '{ outputs = _: { greeting = "hello"; }; }'],
    ...rendered!.files,
  ])
  runNix('flake', 'lock', `path:${folder}`)
  return (attribute) => JSON.parse(runNix('eval', '--json', `path:${folder}#${attribute}`))
}

test("a source's own flake keeps its inputs and outputs, ours stand beside them", () => {
  const evaluate = evaluating(`{
  inputs.tools = { url = "path:./tools"; };
  inputs.again.follows = "tools";
  outputs = { self, tools, again }: {
    checks.x86_64-linux.mine = "\${tools.greeting} \${again.greeting}";
    lib = { whole = self.nixosConfigurations.web1.config.networking.fqdn; };
    nixosConfigurations.laptop = "elsewhere";
    overlays.default = "overlay";
  };
}`)
  expect([
    evaluate('checks.x86_64-linux.mine'),
    evaluate('lib.whole'),
    evaluate('nixosConfigurations.laptop'),
    evaluate('overlays.default'),
    evaluate('nixosConfigurations.web1.config.environment.etc.tools.text'),
    evaluate('deploy.nodes."web1.demo.lab".hostname'),
  ]).toEqual(['hello hello', 'web1.demo.lab', 'elsewhere', 'overlay', 'hello', '10.0.0.11'])
})

test('an output of both is an error that names it', () => {
  const evaluate = evaluating(`{
  inputs.tools.url = "path:./tools";
  outputs = inputs: { nixosConfigurations.web1 = inputs.tools.greeting; };
}`)
  expect(() => evaluate('nixosConfigurations.web1')).toThrow(
    "flake.nix has the output `nixosConfigurations.web1', and so has",
  )
  expect(evaluate('nixosConfigurations."web1.demo.lab".config.networking.hostName')).toBe('web1')
})

test('inputs are read as they are written, whatever stands around them', () => {
  const source = `# a comment with inputs = { };
{
  description = "with \${"}"} and ;";
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    foo = { url = "path:./foo"; flake = false; inputs.nixpkgs.follows = "nixpkgs"; };
    "bar".follows = "foo/bar";
    registry = { };
  };
  inputs.typed = { type = "github"; owner = "o"; repo = ''r''; };
  outputs = { self, nixpkgs, ... }@inputs: let a = 1; in with a; assert true; { x = ./a/\${"b;"}/c; };
  nixConfig.extra = [ "x" ];
}`
  expect(readSourceFlake(source)).toEqual({
    inputs: new Map([
      ['nixpkgs', [[['url'], 'github:NixOS/nixpkgs']]],
      [
        'foo',
        [
          [['url'], 'path:./foo'],
          [['flake'], false],
          [['inputs', 'nixpkgs', 'follows'], 'nixpkgs'],
        ],
      ],
      ['bar', [[['follows'], 'foo/bar']]],
      ['registry', []],
      [
        'typed',
        [
          [['type'], 'github'],
          [['owner'], 'o'],
          [['repo'], 'r'],
        ],
      ],
    ]),
  })
})

test.each([
  ['{ inputs.a.url = "${b}"; }', '1:19', 'an input is written out, not computed'],
  ['{\n  inputs = let a = { }; in a;\n}', '2:12', 'an input is a set that is written out'],
  ['{ inputs.a = "github:a/b"; }', '1:14', 'an input is a set that is written out'],
  ['{\n  outputs = _: { };', '2:20', "expected '}', found the end"],
  ['let a = 1; in a', '1:1', "expected '{', found 'let'"],
])('what is no flake is an error: %s', (source, place, message) => {
  const found = compileTexts({ 'nixcluster.yaml': fleet, 'flake.nix': source }).diagnostics
  const [error, ...others] = found.filter(({ code }) => code === 'compile/source-flake')
  expect(error).toMatchObject({ severity: 'error', file: 'flake.nix', message })
  expect(others).toEqual([])
  expect(`${error!.line}:${error!.column}`).toBe(place)
})

test('an input that both write is an error where they differ', () => {
  const messages = (url: string): readonly string[] =>
    compileTexts({
      'nixcluster.yaml': fleet,
      'flake.nix': `{ inputs.nixpkgs.url = "${url}"; inputs.x = { url = "x"; inputs.y.follows = "nixpgks"; }; }`,
    }).diagnostics.flatMap(({ severity, message }) => (severity === 'error' ? [message] : []))
  const dangling = "no flake input is called 'nixpgks', did you mean 'nixpkgs'?"
  expect(messages(labFlakes.nixpkgs)).toEqual([dangling])
  expect(messages('github:NixOS/nixpkgs')).toEqual([
    dangling,
    "the input 'nixpkgs' is another one in flake.nix",
  ])
})
