import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureTools } from '../../scripts/setup.ts'
import { createDeployRs } from '../../src/deploy-rs/deploy-rs.ts'
import { UnreachableError } from '../../src/model/errors.ts'
import type { Deployer } from '../../src/model/remote.ts'
import { createSsh } from '../../src/ssh/ssh.ts'
import { buildSystems, type TestSystem } from '../fakes/systems.ts'

/** Nobody listens there. */
const target = {
  name: 'web.example.com',
  targetHost: '127.0.0.1',
  port: 1,
  sshUser: 'root',
  user: 'root',
  buildOn: 'controller' as const,
  sshOptions: {},
  fastConnection: true,
  hostKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFEWgG5UPjlhVNPwnICB33I5HmCj7ya86DI6wCaqSpml',
  magicRollback: true,
  autoRollback: true,
  confirmTimeout: 5,
  activationTimeout: 20,
}
let folder: string
let deployer: Deployer
let system: TestSystem

beforeAll(async () => {
  const tools = await ensureTools()
  folder = await mkdtemp(join(tmpdir(), 'nixcluster-deploy-rs-'))
  const env = { PATH: tools.path, HOME: folder, ...tools.environment }
  const ssh = createSsh({ identityFile: join(folder, 'none'), folder, env })
  deployer = createDeployRs({
    folder,
    env,
    sshConfig: ssh.configFile,
    copyOptions: ssh.sharedOptions,
  })
  system = (await buildSystems({ one: '{ environment.etc.fleet.text = "one"; }' })).one
})

afterAll(() => rm(folder, { recursive: true }))

test('copying to a machine that cannot be reached says so in the words of ssh', async () => {
  const copied = deployer.copy(target, system.path)
  await expect(copied).rejects.toThrow(UnreachableError)
  await expect(copied).rejects.toThrow(/web.example.com cannot be reached: .*Connection refused/)
})

test('copying what is not there is no matter of the machine', async () => {
  const missing = '/nix/store/00000000000000000000000000000000-missing'
  const copied = deployer.copy(target, missing)
  await expect(copied).rejects.toThrow(/copying to web.example.com: .*missing/)
  await expect(copied).rejects.not.toThrow(UnreachableError)
})

test('a deployment that never got to the machine ends with a code and the reason', async () => {
  const { exitCode, lines } = await deployer.deploy({ target, run: 'run-1', path: system.path })
  expect(exitCode).toBe(1)
  expect(lines.join('\n')).toContain('Connection refused')
})
