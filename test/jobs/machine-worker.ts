import { createDeployRs } from '../../src/deploy-rs/deploy-rs.ts'
import type { Activation } from '../../src/model/remote.ts'

/** What of a worker can be killed: a process that runs deploy-rs and nothing else; its work comes as an argument. */
export interface Work {
  readonly folder: string
  readonly env: Record<string, string>
  readonly sshConfig: string
  readonly activation: Activation
}

const { folder, env, sshConfig, activation } = JSON.parse(process.argv[2]!) as Work
const deployer = createDeployRs({
  folder,
  env,
  sshConfig: () => Promise.resolve(sshConfig),
  copyOptions: () => Promise.resolve(['-F', sshConfig]),
})
await deployer.deploy(activation)
