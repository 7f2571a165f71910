import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureTools } from '../../scripts/setup.ts'
import { readConfig } from '../../src/config/config.ts'
import { documented } from './documented.ts'
import { scope } from './nixos-expression.ts'

const root = join(import.meta.dirname, '../..')
const appKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs1', format: 'pem' })
  .toString()
let environment: Record<string, string>
let folder: string
/** The unit of the flake in docs/install.md. */
let unit: string

beforeAll(async () => {
  const tools = await ensureTools()
  environment = { PATH: tools.path, ...tools.environment }
  folder = await mkdtemp(join(tmpdir(), 'nixos-module-'))
  const flake = documented('NixOS').find(({ language }) => language === 'nix')!.text
  await writeFile(join(folder, 'flake.nix'), flake)
  await writeFile(join(folder, 'configuration.nix'), '{ nixpkgs.hostPlatform = "x86_64-linux"; }')
  const system = `(flake ${folder}/flake.nix { inherit nixpkgs nixcluster; }).nixosConfigurations.controller`
  unit = await build(`(${system}.extendModules { modules = [ { ${small} } ]; }).config`)
})
afterAll(() => rm(folder, { recursive: true }))

/** In place of the program, which takes a minute to build. */
const small = 'services.nixcluster.package = pkgs.hello;'

const nix = (command: string, expression: string) =>
  execa('nix', [...command.split(' '), '--impure', '--expr', scope + expression], {
    ...{ env: environment, reject: false, stdin: 'ignore' },
  })

/** The text of a system's unit, with the files that it names in the store. */
async function build(config: string, name = 'nixcluster'): Promise<string> {
  const text = `(${config}).systemd.units."${name}.service".text`
  const built = await nix('build --no-link --print-out-paths', `pkgs.writeText "unit" ${text}`)
  expect(built.exitCode, built.stderr).toBe(0)
  return readFile(built.stdout, 'utf8')
}

/** What a system with these settings, in Nix, is refused for. */
async function refusal(settings: string): Promise<string> {
  const module = `{ services.nixcluster = { enable = true; settings = ${settings}; }; ${small} }`
  const { stderr } = await nix('eval', `(evaluate [ ${module} ]).system.build.toplevel.drvPath`)
  return stderr.replaceAll(/\s+/g, ' ')
}

/** Keys and values of a unit's section; a key that comes again adds to its value. */
function section(text: string, name: string): Record<string, string> {
  const part = text.split(/^\[/m).find((each) => each.startsWith(`${name}]`)) ?? ''
  const values = new Map<string, string[]>()
  for (const [, key = '', value = ''] of part.matchAll(/^(\w+)=(.*)$/gm))
    values.set(key, [...(values.get(key) ?? []), value])
  return Object.fromEntries([...values].map(([key, lines]) => [key, lines.join(' ')]))
}

test('each secret of the documented flake is a credential, and its repository is in reach', () => {
  expect(section(unit, 'Service')).toMatchObject({
    ExecStart: expect.stringMatching(
      /\/bin\/hello serve --config \/nix\/store\/\S+-nixcluster.yaml$/,
    ),
    LoadCredential:
      'fleet-secret:/etc/nixcluster/fleet.secret machines-key:/etc/nixcluster/id_ed25519',
    BindPaths: '-/srv/git/fleet.git',
    User: 'nixcluster',
  })
})

test('the controller takes its settings as they are written, and reads nothing but credentials', async () => {
  const [, file = ''] = /--config (\S+)/.exec(unit) ?? []
  const read: string[] = []
  const { config, diagnostics } = readConfig({
    ...{ file, env: {}, text: await readFile(file, 'utf8') },
    readFile: (path) => (read.push(path), { text: 'k3Jv0Q8sYw1nR5tZ7uXa', mode: 0o440 }),
  })
  expect(diagnostics).toEqual([])
  const credentials = '/run/credentials/nixcluster.service'
  expect(config).toMatchObject({
    ...{ stateDir: '/var/lib/nixcluster', ssh: { identityFile: `${credentials}/machines-key` } },
    repositories: [{ name: 'fleet', url: '/srv/git/fleet.git' }],
  })
  expect(read).toContain(`${credentials}/fleet-secret`)
  expect(read.filter((path) => !path.startsWith(`${credentials}/`))).toEqual([])
})

test('it is the unit of docs/controller.md', async () => {
  const page = await readFile(join(root, 'docs/controller.md'), 'utf8')
  const [, text = ''] = /```ini\n(# \/etc\/systemd\/system\/nixcluster.*?)```/s.exec(page) ?? []
  expect(section(text, 'Unit')).toEqual(section(unit, 'Unit'))
  const evaluated = section(unit, 'Service')
  expect(section(text, 'Service')).toEqual({
    ...evaluated,
    ExecStart: '/usr/local/bin/nixcluster serve --config /etc/nixcluster/controller.yaml',
    Environment: 'XDG_CACHE_HOME=/var/cache/nixcluster',
  })
  expect(evaluated['Environment']).toContain('"XDG_CACHE_HOME=/var/cache/nixcluster"')
})

test('a forge, its token and an App become settings and credentials of the same names', async () => {
  const text = await build(`evaluate [ {
    services.nixcluster = {
      enable = true;
      settings = {
        listen.host = "0.0.0.0";
        plan.buildLimit = "30m";
        redis = { url = "redis://redis.example.com"; passwordFile = "/run/secrets/redis"; };
        repositories = [
          { name = "a"; forge = "gitea"; url = "https://git.example.com/x/a.git"; secretFile = "/run/secrets/a"; tokenFile = "/run/secrets/t"; }
          { name = "b"; forge = "github"; url = "https://github.com/x/b.git"; secretFile = "/run/secrets/b";
            app = { id = 1; privateKeyFile = "/run/secrets/app.pem"; }; }
        ];
      };
    };
    ${small}
  } ]`)
  expect(section(text, 'Service')).toMatchObject({
    LoadCredential: [
      'a-secret:/run/secrets/a a-token:/run/secrets/t b-app-key:/run/secrets/app.pem',
      'b-secret:/run/secrets/b redis-password:/run/secrets/redis',
    ].join(' '),
    RestrictSUIDSGID: 'true',
  })
  expect(section(text, 'Service')).not.toHaveProperty('BindPaths')
  const [, file = ''] = /--config (\S+)/.exec(text) ?? []
  const at = '/run/credentials/nixcluster.service'
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({
    ...{ listen: { host: '0.0.0.0', port: 8080 }, plan: { buildLimit: '30m' } },
    redis: { url: 'redis://redis.example.com', passwordFile: `${at}/redis-password` },
    repositories: [
      { secretFile: `${at}/a-secret`, tokenFile: `${at}/a-token` },
      { secretFile: `${at}/b-secret`, app: { id: 1, privateKeyFile: `${at}/b-app-key` } },
    ],
  })
})

test('with the roles apart each service has its own user, folder, port and secrets', async () => {
  const config = `evaluate [ {
    services.nixcluster = {
      enable = true;
      settings.ssh.identityFile = "/run/secrets/key";
      settings.repositories = [ {
        name = "a"; forge = "github"; url = "https://github.com/x/a.git"; secretFile = "/run/secrets/a";
        app = { id = 1; privateKeyFile = "/run/secrets/app.pem"; };
      } ];
      roles.apart = true;
      roles.plan.credentials.a-token = "/run/secrets/read";
    };
    ${small}
  } ]`
  const roles = ['webhook', 'plan', 'deploy'] as const
  const units = await Promise.all(roles.map((role) => build(config, `nixcluster-${role}`)))
  const services = units.map((text) => section(text, 'Service'))
  expect(services.map(({ User, StateDirectory }) => [User, StateDirectory])).toEqual(
    roles.map((role) => [`nixcluster-${role}`, `nixcluster-${role}`]),
  )
  expect(services.map(({ LoadCredential }) => LoadCredential)).toEqual([
    'a-secret:/run/secrets/a',
    'a-token:/run/secrets/read',
    'a-app-key:/run/secrets/app.pem a-secret:/run/secrets/a machines-key:/run/secrets/key',
  ])
  for (const [index, role] of roles.entries()) {
    const [, , file = ''] = /serve --role (\w+) --config (\S+)/.exec(units[index]!) ?? []
    const credentials = `/run/credentials/nixcluster-${role}.service`
    const { config: taken, diagnostics } = readConfig({
      ...{ file, env: {}, roles: [role], text: await readFile(file, 'utf8') },
      readFile(path) {
        const has = services[index]!['LoadCredential']!.split(' ').some((each) =>
          path.startsWith(`${credentials}/${each.split(':')[0]}`),
        )
        if (!has) throw new Error(`${role} does not have ${path}`)
        return { text: path.endsWith('app-key') ? appKey : 'k3Jv0Q8sYw1nR5tZ7uXa', mode: 0o440 }
      },
    })
    expect(diagnostics).toEqual([])
    expect(taken).toMatchObject({
      listen: { port: 8080 + index },
      redis: { url: 'unix:///run/redis-nixcluster/redis.sock' },
    })
  }
})

test('plan is to have a token of its own where the roles are apart', async () => {
  const repository =
    'name = "a"; forge = "gitea"; url = "https://x/x/a.git"; secretFile = "/a"; tokenFile = "/t";'
  const settings = `{ repositories = [ { ${repository} } ]; }; roles = { apart = true; }`
  expect(await refusal(settings)).toContain('roles.plan.credentials has no a-token')
})

const fleet = 'name = "fleet"; url = "/srv/git/fleet.git"; secretFile = "/etc/secret";'

test.each([
  ['no repository', '{ }', 'name at least one repository'],
  [
    'two of one name',
    `{ repositories = [ { ${fleet} } { ${fleet} } ]; }`,
    'settings.repositories has two of one name',
  ],
  [
    'a secret in the text',
    '{ repositories = [ { name = "a"; url = "/a.git"; secret = "hunter2hunter2hunter2"; } ]; }',
    ".secret' does not exist",
  ],
  [
    'a secret that Nix would copy into the store',
    '{ repositories = [ { name = "a"; url = "/a.git"; secretFile = ./a.secret; } ]; }',
    ".secretFile' is not of type `string'",
  ],
  [
    'a secret that is in the store',
    '{ repositories = [ { name = "a"; url = "/a.git"; secretFile = "${builtins.toFile "a" "b"}"; } ]; }',
    'an absolute path outside the Nix store, which everybody may read',
  ],
  [
    'a secret at a relative path',
    '{ repositories = [ { name = "a"; url = "/a.git"; secretFile = "a.secret"; } ]; }',
    "the file of a-secret is named 'a.secret'",
  ],
  [
    'a word that the settings do not have',
    `{ repositores = [ ]; repositories = [ { ${fleet} } ]; }`,
    "`services.nixcluster.settings.repositores' does not exist",
  ],
  [
    'a forge that there is not',
    `{ repositories = [ { ${fleet} forge = "gitlab"; } ]; }`,
    'one of "git", "github", "gitea"',
  ],
  [
    'another state folder',
    `{ stateDir = "/srv/state"; repositories = [ { ${fleet} } ]; }`,
    "settings.stateDir is systemd's StateDirectory",
  ],
])('%s is refused', async (_, settings, words) => expect(await refusal(settings)).toContain(words))
