import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startLab, type Lab } from '../../lab/machines.ts'
import { CommandError, UnreachableError } from '../../src/model/errors.ts'
import type { Target } from '../../src/model/remote.ts'
import { createSsh, type Ssh } from '../../src/ssh/ssh.ts'

let lab: Lab
let ssh: Ssh
let folder: string
let web: Target
let data: Target

beforeAll(async () => {
  lab = await startLab({ machines: ['web.example.com', 'data.example.com'] })
  folder = await mkdtemp(join(tmpdir(), 'nixcluster-ssh-'))
  ssh = createSsh({ identityFile: lab.identityFile, folder, env: lab.environment })
  const target = (name: string): Target => ({
    name,
    targetHost: lab.machines[name]!.address,
    port: 22,
    sshUser: 'root',
    user: 'root',
    buildOn: 'controller',
    sshOptions: {},
    fastConnection: true,
    hostKey: lab.machines[name]!.hostKey,
    magicRollback: true,
    autoRollback: true,
    confirmTimeout: 6,
    activationTimeout: 20,
  })
  web = target('web.example.com')
  data = target('data.example.com')
})
afterAll(async () => {
  await rm(folder, { recursive: true })
  await lab.stop()
})

test('a script gets its arguments as they are', async () => {
  const odd = [`it's`, '$HOME `id`', 'two\nlines', '']
  const script = 'main() { for word; do printf "[%s]" "$word"; done; }'
  const { stdout } = await ssh.script(web, script, odd, { timeoutMs: 10_000, connection: 'new' })
  expect(stdout).toBe(`[it's][$HOME \`id\`][two\nlines][]`)
})

test('what a script says when it fails is the error', async () => {
  const script = 'main() { echo no room left >&2; exit 3; }'
  const failed = ssh.script(web, script, [], { timeoutMs: 10_000, connection: 'new' })
  await expect(failed).rejects.toThrow(CommandError)
  await expect(failed).rejects.toThrow('web.example.com: no room left')
})

test('a machine with another key than the known one is not talked to', async () => {
  const stranger = ssh.script({ ...web, hostKey: data.hostKey! }, 'main() { true; }', [], {
    timeoutMs: 10_000,
    connection: 'new',
  })
  await expect(stranger).rejects.toThrow(UnreachableError)
  await expect(stranger).rejects.toThrow('its host key is not the known one')
})

test('a closed port is unreachable, in the words of ssh', async () => {
  const closed = ssh.script({ ...web, port: 2222 }, 'main() { true; }', [], {
    timeoutMs: 10_000,
    connection: 'new',
  })
  await expect(closed).rejects.toThrow(UnreachableError)
  await expect(closed).rejects.toThrow(/port 2222: Connection refused/)
})

test('a machine that does not answer in time is unreachable', async () => {
  const slow = ssh.script(web, 'main() { sleep 30; }', [], { timeoutMs: 500, connection: 'new' })
  await expect(slow).rejects.toThrow('web.example.com does not answer')
})

test('at the first contact a machine is taken at its word, and its key is given back', async () => {
  const { hostKey, ...stranger } = data
  const answer = await ssh.script(stranger, 'main() { hostname; }', [], {
    timeoutMs: 10_000,
    connection: 'new',
  })
  expect(answer.stdout).toBe('data.example.com\n')
  expect(hostKey).toContain(answer.hostKey)
  expect((await readdir(folder)).filter((name) => name.startsWith('data.'))).toEqual([])
})

test('a machine is reached through another, whose key is remembered', async () => {
  const jump = { ProxyJump: `root@${data.targetHost}` }
  const { stdout, hostKey } = await ssh.script(
    { ...web, sshOptions: jump },
    'main() { hostname; echo "$SSH_CONNECTION"; }',
    [],
    { timeoutMs: 10_000, connection: 'new' },
  )
  const [name, connection] = stdout.split('\n')
  expect(name).toMatch(/^web/)
  expect(connection).toMatch(new RegExp(`^${data.targetHost} `))
  expect(hostKey).toBe(web.hostKey)
  expect(await readFile(join(folder, 'jump_hosts'), 'utf8')).toContain(`${data.targetHost} ssh-`)

  const [kind, key] = web.hostKey!.split(' ')
  await writeFile(join(folder, 'jump_hosts'), `${data.targetHost} ${kind} ${key}\n`)
  const again = ssh.script({ ...web, sshOptions: jump }, 'main() { :; }', [], {
    timeoutMs: 10_000,
    connection: 'new',
  })
  await expect(again).rejects.toThrow('the host in front of it has another key than in jump_hosts')
})

test('another user than root becomes root by sudo, or by what the machine has instead', async () => {
  const program = join(folder, 'tells-its-command')
  await writeFile(program, '#!/bin/sh\nfor word; do last=$word; done\necho "$last"\n', {
    mode: 0o755,
  })
  const env = { PATH: process.env['PATH'] ?? '' }
  const telling = createSsh({ ssh: program, identityFile: lab.identityFile, folder, env })
  const commandFor = async (change: Partial<Target>): Promise<string> => {
    const how = { timeoutMs: 10_000, connection: 'new' } as const
    return (await telling.script({ ...web, ...change }, '', [], how)).stdout.trim()
  }
  expect(await commandFor({})).toBe('exec sh -s')
  expect(await commandFor({ sshUser: 'deploy' })).toBe('exec sudo -n sh -s')
  expect(await commandFor({ sshUser: 'deploy', sudo: 'doas -u' })).toBe('exec doas -u root sh -s')
})
