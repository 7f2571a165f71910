import { expect, test } from 'vitest'
import { problems } from './fleet.ts'

const plain = 'git and the Nix store of every machine keep it readable [schema/secret]'

test.each([
  'password: hunter2',
  'initialPassword: hunter2',
  'apiToken: abc',
  'client_secret: abc',
  'pre-shared-key: abc',
  'services.x.privateKey: abc',
  'psk: 12345678',
  'password: !force hunter2',
])('%s is suspected by its key', (written) => {
  const key = written.split(': ')[0]!.split('.').at(-1)!
  const message = `'${key}' holds a secret in plain text: ${plain}`
  expect(problems(`config:\n  ${written}`)).toEqual([expect.stringContaining(message)])
  expect(problems(`machines: { a: { data: [{ "${key}": x }] } }`)).toEqual([
    expect.stringContaining(message),
  ])
})

test.each([
  'hashedPassword: $6$salt$hash',
  'passwordHash: abc',
  'passwordFile: /run/secrets/x',
  'token: /run/secrets/x',
  'password: ""',
  'token: null',
  'passwordAuthentication: false',
  'password: false',
  'password: ${DB_PASSWORD}',
  'secret: $__file{/run/secrets/x}',
  'secrets: { a: b }',
  'password: !nix config.sops.placeholder.x',
  'publicKey: AAAA',
  'openssh.authorizedKeys.keys: [ssh-ed25519 AAAA]',
  'psk: ext:home',
])('%s is fine', (written) => expect(problems(`config:\n  ${written}`)).toEqual([]))

test('a private key is one under any key', () => {
  const body = `config:
  environment.etc.a.text: |
    -----BEGIN OPENSSH PRIVATE KEY-----
    b3BlbnNz
  environment.etc.b.text: AGE-SECRET-KEY-1QQQQ
  environment.etc.c.text: "-----BEGIN PUBLIC KEY-----"
users: { u: { password: x } }`
  expect(problems(body)).toEqual([
    `2:3 warning: this is a private key: ${plain}`,
    `5:3 warning: this is a private key: ${plain}`,
    `7:15 warning: 'password' holds a secret in plain text: ${plain}`,
  ])
})
