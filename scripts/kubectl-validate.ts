import { existsSync } from 'node:fs'
import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { cache, which } from './cache.ts'
import type { Tool } from './tool.ts'

const version = 'v0.0.4'
const home = join(cache, `kubectl-validate-${version}`)

/** ServiceMonitor is no part of Kubernetes: what it looks like is said by the operator it belongs to. */
const operator = 'github.com/prometheus-operator/prometheus-operator@v0.85.0'
const definition = 'monitoring.coreos.com_servicemonitors.yaml'

/** Kubernetes' own schemas, up to 1.30, and a program that holds objects to them; for the chart's test alone. */
export const kubectlValidate: Tool = {
  name: 'kubectl-validate',
  plan: `kubectl-validate ${version} built by Go into ${home} (130 MB; 2 processors: 60 s)`,
  isReady: () =>
    Promise.resolve(
      existsSync(kubectlValidateProgram) && existsSync(join(customDefinitions, definition)),
    ),
  obstacle: async () =>
    which('go') === undefined
      ? `building kubectl-validate ${version} needs Go 1.22: install it`
      : undefined,
  async install() {
    const go = which('go')!
    await mkdir(customDefinitions, { recursive: true })
    const found = await execa(go, ['mod', 'download', '-json', operator], { cwd: home })
    const { Dir: module } = JSON.parse(found.stdout) as { readonly Dir: string }
    await copyFile(
      join(module, 'example/prometheus-operator-crd', definition),
      join(customDefinitions, definition),
    )
    const program = `sigs.k8s.io/kubectl-validate@${version}`
    await execa('nice', [go, 'install', program], { env: { GOBIN: home }, stdin: 'ignore' })
  },
}

/** The program, and the folder with the definitions of what is not Kubernetes' own. */
export const kubectlValidateProgram = join(home, 'kubectl-validate')
export const customDefinitions = join(home, 'definitions')
