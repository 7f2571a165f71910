import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../../src/config/config.ts'
import { toMilliseconds } from '../../src/config/duration.ts'
import type { Role } from '../../src/model/role.ts'

const secret = '0123456789abcdef'
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
})
const files: Record<string, { text: string; mode: number }> = {
  '/etc/nixcluster/fleet.secret': { text: `${secret}\n`, mode: 0o100600 },
  '/etc/nixcluster/open.secret': { text: secret, mode: 0o100644 },
  '/etc/nixcluster/short.secret': { text: 'hunter2', mode: 0o100600 },
  '/etc/nixcluster/empty.secret': { text: '\n', mode: 0o100600 },
  '/run/secrets/app.pem': { text: privateKey, mode: 0o100400 },
  '/etc/nixcluster/open.pem': { text: privateKey, mode: 0o100644 },
  '/run/secrets/token': { text: 'ghp_abcdefghijklmnopqrst', mode: 0o100400 },
}

function read(text: string | undefined, env: Record<string, string> = {}, roles?: readonly Role[]) {
  const { config, diagnostics } = readConfig({
    file: '/etc/nixcluster/controller.yaml',
    text,
    env,
    ...(roles === undefined ? {} : { roles }),
    readFile: (path) => {
      const file = files[path]
      if (file === undefined) throw new Error('no such file')
      return file
    },
  })
  const problems = diagnostics.map(
    ({ file, line, column, severity, message, hint }) =>
      `${file.replace('/etc/nixcluster/', '')}:${line}:${column}: ${severity}: ${message}` +
      (hint === undefined ? '' : ` (${hint})`),
  )
  return { config, problems }
}

const smallest = `
repositories:
  - { name: fleet, url: /srv/git/fleet.git, secretFile: fleet.secret }
`

test('a short file gets every default', () => {
  const { config, problems } = read(smallest)
  expect(problems).toEqual([])
  expect(config).toEqual({
    roles: ['webhook', 'plan', 'deploy'],
    listen: { host: '127.0.0.1', port: 8080 },
    stateDir: '/var/lib/nixcluster',
    redis: {},
    ssh: {},
    pollMs: 60_000,
    log: { level: 'info', format: 'auto' },
    limits: { bodyBytes: 25 * 1024 * 1024, followMs: 600_000, followers: 100 },
    plan: {
      evaluationMs: 600_000,
      buildMs: 600_000,
      evaluationBytes: 4 * 2 ** 30,
      importFromDerivation: false,
    },
    tools: { nix: 'nix', deploy: 'deploy', ssh: 'ssh', redisServer: 'redis-server' },
    repositories: [
      {
        name: 'fleet',
        forge: 'git',
        url: '/srv/git/fleet.git',
        secret,
        proposalBranches: false,
      },
    ],
  })
})

test('GitHub: owner and name come from the URL, the token from its file', () => {
  const { config, problems } = read(`
repositories:
  - name: fleet
    forge: github
    url: git@github.com:example/fleet.git
    secretFile: fleet.secret
    tokenFile: /run/secrets/token
    apiUrl: https://github.example.com/api/v3/
`)
  expect(problems).toEqual([])
  expect(config?.repositories[0]).toMatchObject({
    project: 'example/fleet',
    token: 'ghp_abcdefghijklmnopqrst',
    apiUrl: 'https://github.example.com/api/v3',
  })
})

test.each([
  ['https://git.example.com/example/fleet.git', 'https://git.example.com/api/v1'],
  ['https://example.com:3000/git/example/fleet', 'https://example.com:3000/git/api/v1'],
])('Gitea: the API of %s is at %s', (url, apiUrl) => {
  const { config, problems } = read(`
repositories:
  - { name: fleet, forge: gitea, url: '${url}', secretFile: fleet.secret, tokenFile: /run/secrets/token }
`)
  expect(problems).toEqual([])
  expect(config?.repositories[0]).toMatchObject({ project: 'example/fleet', apiUrl })
})

test('Gitea: an SSH URL does not tell where the API is, and a token is needed', () => {
  const { problems } = read(`
repositories:
  - { name: fleet, forge: gitea, url: 'git@git.example.com:example/fleet.git', secretFile: fleet.secret }
`)
  expect(problems).toEqual([
    "controller.yaml:3:5: error: 'fleet' needs a tokenFile for Gitea",
    "controller.yaml:3:39: error: the URL does not tell where Gitea's API is (add apiUrl, for example https://git.example.com/api/v1)",
  ])
})

test('GitHub: the API is the public one where nothing else is said', () => {
  const { config } = read(`
repositories:
  - { name: fleet, forge: github, url: 'git@github.com:example/fleet.git', secretFile: fleet.secret, tokenFile: /run/secrets/token }
`)
  expect(config?.repositories[0]?.apiUrl).toBe('https://api.github.com')
})

test('GitHub: an App stands in for the token, by its key', () => {
  const { config, problems } = read(`
repositories:
  - name: fleet
    forge: github
    url: https://github.com/example/fleet.git
    secretFile: fleet.secret
    app: { id: 123456, privateKeyFile: /run/secrets/app.pem, installation: 7 }
`)
  expect(problems).toEqual([])
  expect(config?.repositories[0]).toMatchObject({
    app: { id: '123456', privateKey: privateKey.trim(), installation: 7 },
  })
  expect(config?.repositories[0]).not.toHaveProperty('token')
})

test('GitHub: an App beside a token, at another forge, or without its key is told', () => {
  const { problems } = read(`repositories:
  - name: a
    forge: github
    url: https://github.com/example/a.git
    secretFile: fleet.secret
    tokenFile: /run/secrets/token
    app: { id: Iv23li, privateKeyFile: open.pem }
  - name: b
    url: /srv/b.git
    secretFile: fleet.secret
    app: { id: 1, privateKeyFile: /run/secrets/token }
  - name: c
    forge: github
    url: https://github.com/example/c.git
    secretFile: fleet.secret
    app: { id: 1, privateKeyFile: missing.pem }
`)
  expect(problems).toEqual([
    'controller.yaml:7:5: error: there is a tokenFile already, and one of both is used (remove one of them)',
    'controller.yaml:7:40: warning: /etc/nixcluster/open.pem may be read by others (mode 644)',
    "controller.yaml:11:5: error: 'git' has no Apps (remove it, or say forge: github)",
    "controller.yaml:11:35: error: the file has no private RSA key in PEM (GitHub makes one on the App's page, below Private keys)",
    'controller.yaml:16:35: error: /etc/nixcluster/missing.pem cannot be read: no such file',
  ])
})

test('every setting may come from the environment, which wins', () => {
  const { config, problems } = read(smallest, {
    NIXCLUSTER_LISTEN_PORT: '9090',
    NIXCLUSTER_STATE_DIR: 'state',
    NIXCLUSTER_POLL: '5m',
    NIXCLUSTER_PUBLIC_URL: 'https://nixcluster.example.com/',
    NIXCLUSTER_REPOSITORIES_0_BRANCH: 'main',
    NIXCLUSTER_REPOSITORIES_0_SHOW_CONTENTS: 'true',
    NIXCLUSTER_REPOSITORIES_1_NAME: 'attic',
    NIXCLUSTER_REPOSITORIES_1_URL: 'https://git.example.com/example/attic.git',
    NIXCLUSTER_REPOSITORIES_1_SECRET_FILE: 'fleet.secret',
    REDIS_URL: 'redis://redis.example.com',
  })
  expect(problems).toEqual([])
  expect(config).toMatchObject({
    listen: { port: 9090 },
    stateDir: '/etc/nixcluster/state',
    pollMs: 300_000,
    redis: { url: 'redis://redis.example.com' },
    publicUrl: 'https://nixcluster.example.com',
    repositories: [{ name: 'fleet', branch: 'main', showContents: true }, { name: 'attic' }],
  })
})

test('text that is neither true nor false is refused', () => {
  const { config, problems } = read(smallest, { NIXCLUSTER_REPOSITORIES_0_SHOW_CONTENTS: 'yes' })
  expect(config).toBeUndefined()
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain('NIXCLUSTER_REPOSITORIES_0_SHOW_CONTENTS')
})

test('a state folder that ssh and deploy-rs could not be told is refused', () => {
  const { config, problems } = read(`${smallest}stateDir: /srv/my state\n`)
  expect(config).toBeUndefined()
  expect(problems).toEqual([
    'controller.yaml:4:11: error: /srv/my state has a space, a quote or a percent sign ' +
      '(deploy-rs and ssh have no quoting for it: choose another folder)',
  ])
})

test('without a file the environment says it all', () => {
  const { config } = read(undefined, {
    NIXCLUSTER_REPOSITORIES_0_NAME: 'fleet',
    NIXCLUSTER_REPOSITORIES_0_URL: '/srv/git/fleet.git',
    NIXCLUSTER_REPOSITORIES_0_SECRET_FILE: 'fleet.secret',
  })
  expect(config?.repositories).toHaveLength(1)
})

test('all problems are told at once, each with its place', () => {
  const { config, problems } = read(
    `listen: { prot: 80 }
poll: often
repositories:
  - name: fleet
    forge: gitub
    url: /srv/git/fleet.git
`,
    { NIXCLUSTER_LISTEN_PORT: '99999', NIXCLUSTER_LISTN_HOST: '::' },
  )
  expect(config).toBeUndefined()
  expect(problems.toSorted()).toEqual([
    'NIXCLUSTER_LISTEN_PORT:1:1: error: listen.port must be <= 65535 (for example 8080)',
    'NIXCLUSTER_LISTN_HOST:1:1: warning: no setting is called NIXCLUSTER_LISTN_HOST, did you mean NIXCLUSTER_LISTEN_HOST?',
    "controller.yaml:1:11: error: unknown key 'prot', did you mean 'port'?",
    "controller.yaml:2:7: error: poll has another form than 'often' (for example 60s)",
    "controller.yaml:4:5: error: the key 'secretFile' is missing (for example /run/secrets/fleet-webhook)",
    "controller.yaml:5:12: error: repositories.0.forge must be git or github or gitea, did you mean 'github'? (for example github)",
  ])
})

test('YAML that does not parse is told with its place', () => {
  const { config, problems } = read('listen: { port: 80\n')
  expect(config).toBeUndefined()
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatch(/^controller\.yaml:\d+:\d+: error: /)
})

test('secrets are files: missing, empty, short and open ones are told, and so are URLs with a password', () => {
  const { problems } = read(`redis: { url: "redis://:hunter2@redis.example.com" }
repositories:
  - { name: a, url: /srv/a.git, secretFile: missing.secret }
  - { name: b, url: /srv/b.git, secretFile: empty.secret }
  - { name: c, url: /srv/c.git, secretFile: short.secret }
  - { name: d, url: /srv/d.git, secretFile: open.secret }
  - { name: d, url: "https://me:hunter2@git.example.com/d.git", secretFile: fleet.secret }
  - { name: e, forge: github, url: /srv/e.git, secretFile: fleet.secret }
`)
  expect(problems).toEqual([
    'controller.yaml:1:15: error: credentials do not belong into the URL (write the password to a file, and name that as redis.passwordFile)',
    'controller.yaml:3:45: error: /etc/nixcluster/missing.secret cannot be read: no such file',
    'controller.yaml:4:45: error: /etc/nixcluster/empty.secret is empty',
    'controller.yaml:5:45: error: the secret is shorter than 16 characters (openssl rand -hex 32)',
    'controller.yaml:6:45: warning: /etc/nixcluster/open.secret may be read by others (mode 644)',
    "controller.yaml:7:13: error: a repository above is called 'd' as well",
    'controller.yaml:7:21: error: credentials do not belong into the URL (write the token to a file, and name that as repositories.4.tokenFile)',
    "controller.yaml:8:5: error: 'e' needs a tokenFile or an app for GitHub",
    'controller.yaml:8:36: error: the URL does not tell owner and name at GitHub (add project: owner/name)',
  ])
})

const planted = {
  token: 'ghp_Kx9wqLmZ4tRv7yUbNc2dPfGh8sJaEo1i',
  fineGrained: 'github_pat_11AAAAAAA0_Kx9wqLmZ4tRv7yUbNc2d',
  hex: 'f2c7a1d98b3e4f60f2c7a1d98b3e4f60f2c7a1d98b3e4f60',
  base64: 'q3Zk9XvT2LmN8bRw+Y5cHs7JdFgKpA1eUi4oQx0tVnM=',
  key: '-----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNzaC1rZXkt\\n-----END OPENSSH PRIVATE KEY-----',
  password: 'hunter2-is-no-secret',
}
const inFile = (repository: string, before = ''): string =>
  `${before}\nrepositories:\n  - { name: a, url: /srv/a.git, secretFile: fleet.secret, ${repository} }\n`
const unlessIt = 'write it to a file, and name that'
const itself = `this is a secret itself, not the path of a file with it (${unlessIt} here)`
const notIn = (key: string): string =>
  `${key}: a secret does not belong into the settings (${unlessIt} as `
const inUrl = 'credentials do not belong into the URL ('

test.each([
  [inFile(`token: ${planted.token}`), `3:59: error: ${notIn("'token'")}tokenFile)`],
  [inFile(`secret: ${planted.password}`), `3:59: error: ${notIn("'secret'")}secretFile)`],
  [inFile(`tokenFile: ${planted.token}`), `3:70: error: ${itself}`],
  [inFile(`tokenFile: ${planted.fineGrained}`), `3:70: error: ${itself}`],
  [inFile(`tokenFile: ${planted.hex}`), `3:70: error: ${itself}`],
  [inFile(`tokenFile: ${planted.base64}`), `3:70: error: ${itself}`],
  [
    inFile(`forge: github, app: { id: 1, privateKey: "${planted.key}" }`),
    `3:88: error: ${notIn("'privateKey'")}privateKeyFile)`,
  ],
  [
    inFile(`forge: github, app: { id: 1, privateKeyFile: "${planted.key}" }`),
    `3:104: error: ${itself}`,
  ],
  [inFile('branch: main', `ssh: { identityFile: "${planted.key}" }`), `1:22: error: ${itself}`],
  [
    inFile('branch: main', `redis: { password: ${planted.password} }`),
    `1:10: error: ${notIn("'password'")}passwordFile)`,
  ],
  [
    inFile('branch: main', `redis: { url: "redis://me:${planted.password}@redis.example.com" }`),
    `1:15: error: ${inUrl}write the password to a file, and name that as redis.passwordFile)`,
  ],
  [
    inFile('branch: main', `redis: { url: "redis://localhost?password=${planted.password}" }`),
    `1:15: error: ${inUrl}write the password to a file, and name that as redis.passwordFile)`,
  ],
  [
    inFile(`apiUrl: "https://me:${planted.password}@git.example.com/api/v1"`),
    `3:67: error: ${inUrl}write the token to a file, and name that as repositories.0.tokenFile)`,
  ],
  [
    inFile('branch: main', `publicUrl: "https://me:${planted.password}@nixcluster.example.com"`),
    `1:12: error: ${inUrl}take it out; secrets stand in files of their own)`,
  ],
  [
    // Another form than the setting's as well: its text is not shown for that.
    inFile('branch: main', `redis: { url: "http://:${planted.password}@redis.example.com" }`),
    `1:15: error: ${inUrl}write the password to a file, and name that as redis.passwordFile)`,
  ],
])('a secret in the settings is refused, and not shown: %j', (text, problem) => {
  const { config, problems } = read(text)
  expect(config).toBeUndefined()
  expect(problems).toContain(`controller.yaml:${problem}`)
  for (const secret of Object.values(planted)) expect(problems.join('\n')).not.toContain(secret)
})

test.each([
  [{ NIXCLUSTER_REPOSITORIES_0_TOKEN: planted.token }, notIn('NIXCLUSTER_REPOSITORIES_0_TOKEN')],
  [{ NIXCLUSTER_REDIS_PASSWORD: planted.password }, notIn('NIXCLUSTER_REDIS_PASSWORD')],
  [{ NIXCLUSTER_REPOSITORIES_0_TOKEN_FILE: planted.token }, itself],
  [{ REDIS_URL: `redis://:${planted.password}@redis.example.com` }, inUrl],
])('a secret in the environment is refused by its variable: %j', (env, problem) => {
  const { config, problems } = read(smallest, env)
  expect(config).toBeUndefined()
  expect(problems).toEqual([
    expect.stringContaining(`${Object.keys(env)[0]}:1:1: error: ${problem}`),
  ])
  expect(problems[0]).not.toContain(Object.values(env)[0])
})

test('what other programs read of the environment is none of ours', () => {
  const { config, problems } = read(smallest, { GITHUB_TOKEN: planted.token })
  expect(problems).toEqual([])
  expect(JSON.stringify(config)).not.toContain(planted.token)
})

test('names of users in URLs, and paths that only look like secrets, are fine', () => {
  const { problems } = read(`redis: { url: "redis://nixcluster@redis.example.com" }
repositories:
  - { name: a, url: "ssh://git@git.example.com/a.git", secretFile: fleet.secret }
  - { name: b, url: "git@git.example.com:b.git", secretFile: Secrets-Of-Production/Fleet2 }
`)
  expect(problems).toEqual([
    'controller.yaml:4:62: error: /etc/nixcluster/Secrets-Of-Production/Fleet2 cannot be read: no such file',
  ])
})

test('what the schema refuses does not hide secrets that cannot be read, nor what else is wrong', () => {
  const { problems } = read(`poll: often
redis: { passwordFile: missing }
repositories:
  - { name: a, url: /srv/a.git, secretFile: short.secret, forge: gitub }
  - { name: a, url: "git@git.example.com:a.git", secretFile: fleet.secret, forge: gitea }
`)
  expect(problems).toEqual([
    "controller.yaml:1:7: error: poll has another form than 'often' (for example 60s)",
    'controller.yaml:2:24: error: /etc/nixcluster/missing cannot be read: no such file',
    'controller.yaml:4:45: error: the secret is shorter than 16 characters (openssl rand -hex 32)',
    "controller.yaml:4:66: error: repositories.0.forge must be git or github or gitea, did you mean 'github'? (for example github)",
    "controller.yaml:5:5: error: 'a' needs a tokenFile for Gitea",
    "controller.yaml:5:13: error: a repository above is called 'a' as well",
    'controller.yaml:5:21: error: the URL does not tell owner and name at Gitea (add project: owner/name)',
    "controller.yaml:5:21: error: the URL does not tell where Gitea's API is (add apiUrl, for example https://git.example.com/api/v1)",
  ])
})

test.each(['fleet', '- fleet', '7'])('settings that are no map are told: %s', (text) => {
  const { config, problems } = read(text, { NIXCLUSTER_POLL: '5m' })
  expect(config).toBeUndefined()
  expect(problems).toEqual(['controller.yaml:1:1: error: the settings are no map'])
})

test('times are text with a unit, or seconds', () => {
  expect(toMilliseconds('soon')).toBeNaN()
  expect(['500ms', '60s', '1.5m', '1h', 90].map(toMilliseconds)).toEqual([
    500, 60_000, 90_000, 3_600_000, 90_000,
  ])
})

test('every setting has a title, a description and an example', () => {
  const schema = JSON.parse(
    readFileSync(new URL('../../schemas/controller.schema.json', import.meta.url), 'utf8'),
  )
  const settings = (node: typeof schema): (typeof schema)[] =>
    Object.values<typeof schema>(node.properties ?? {}).flatMap((child) => [
      child,
      ...settings(child),
    ])
  const all = [...settings(schema), ...settings(schema.$defs.repository)]
  expect(all.length).toBeGreaterThan(20)
  expect(all.filter((one) => !(one.title && one.description && one.examples))).toEqual([])
})

describe('a role', () => {
  const whole = `
redis: { url: "redis://redis.example.com", passwordFile: redis.password }
ssh: { identityFile: id_ed25519 }
repositories:
  - { name: fleet, url: "https://github.com/example/fleet.git", forge: github,
      secretFile: fleet.secret, tokenFile: token }
`
  /** Files that the process of a role opens. */
  function opened(roles?: readonly Role[]): readonly string[] {
    const paths: string[] = []
    readConfig({
      file: '/etc/nixcluster/controller.yaml',
      text: whole,
      env: {},
      ...(roles === undefined ? {} : { roles }),
      readFile: (path) => {
        paths.push(path.replace('/etc/nixcluster/', ''))
        return { text: secret, mode: 0o100600 }
      },
    })
    return paths.toSorted()
  }

  test('reads the secrets that are its own, and opens no other', () => {
    expect(opened(['webhook'])).toEqual(['fleet.secret', 'redis.password'])
    expect(opened(['plan'])).toEqual(['id_ed25519', 'redis.password', 'token'])
    const all = ['fleet.secret', 'id_ed25519', 'redis.password', 'token']
    expect(opened(['deploy'])).toEqual(all)
    expect(opened()).toEqual(all)
  })

  test('needs a Redis that all of them reach', () => {
    expect(read(smallest, {}, ['webhook']).problems).toEqual([
      'controller.yaml:2:1: error: roles apart need one Redis for all of them (name it as redis.url)',
    ])
  })
})
