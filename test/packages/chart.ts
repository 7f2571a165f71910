import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { parseAllDocuments, stringify } from 'yaml'
import { cache, locked } from '../../scripts/cache.ts'
import { findHelm } from '../../scripts/helm.ts'
import {
  customDefinitions,
  kubectlValidate,
  kubectlValidateProgram,
} from '../../scripts/kubectl-validate.ts'
import { bring, SetupError } from '../../scripts/tool.ts'
import type { DocumentedBlock } from './documented.ts'

export const chartFolder = join(import.meta.dirname, '../../charts/nixcluster')

/** The newest Kubernetes whose schemas kubectl-validate carries; a Helm that Go built knows of none. */
const kubernetes = '1.30'

/** An object of Kubernetes, as far as rules are about it. */
export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly labels: Readonly<Record<string, string>>
  }
  readonly data?: Readonly<Record<string, string>>
  readonly automountServiceAccountToken?: boolean
}

export interface Deployment extends KubernetesObject {
  readonly spec: {
    readonly replicas: number
    readonly strategy: { readonly type: string }
    readonly selector: { readonly matchLabels: Labels }
    readonly template: {
      readonly metadata: { readonly labels: Labels; readonly annotations?: Labels }
      readonly spec: Pod
    }
  }
}

export type Labels = Readonly<Record<string, string>>

export interface Pod {
  readonly serviceAccountName?: string
  readonly automountServiceAccountToken: boolean
  readonly enableServiceLinks: boolean
  readonly terminationGracePeriodSeconds: number
  readonly securityContext: Readonly<Record<string, unknown>>
  readonly initContainers?: readonly Container[]
  readonly containers: readonly Container[]
  readonly volumes: readonly Volume[]
}

export interface Container {
  readonly name: string
  readonly image: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
  readonly envFrom?: unknown
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
  readonly securityContext: Readonly<Record<string, unknown>>
  readonly readinessProbe: { readonly httpGet?: { readonly path: string } }
  readonly resources: { readonly limits?: { readonly memory?: string } }
  readonly volumeMounts: readonly {
    readonly name: string
    readonly mountPath: string
    readonly subPath?: string
    readonly readOnly?: boolean
  }[]
}

interface KeyToPath {
  readonly key: string
  readonly path: string
}

interface Files {
  readonly defaultMode: number
  readonly items?: readonly KeyToPath[]
}

export interface Volume {
  readonly name: string
  readonly emptyDir?: object
  readonly hostPath?: { readonly path: string }
  readonly persistentVolumeClaim?: { readonly claimName: string }
  readonly configMap?: Files & { readonly name: string }
  readonly secret?: Files & { readonly secretName: string }
  readonly projected?: {
    readonly defaultMode: number
    readonly sources: readonly {
      readonly configMap?: { readonly name: string; readonly items?: readonly KeyToPath[] }
      readonly secret?: { readonly name: string; readonly items?: readonly KeyToPath[] }
    }[]
  }
}

/** What Helm said when it refused. */
export class Refused extends Error {}

/** Helm and the schemas, built once. */
export async function bringTools(): Promise<void> {
  await mkdir(cache, { recursive: true })
  await locked(join(cache, 'lock'), async () => {
    if ((await findHelm()) === undefined)
      throw new SetupError('the chart is tried with Helm: install it, or Go to build it')
    await bring(kubectlValidate)
  })
}

async function helm(...words: readonly string[]): Promise<string> {
  const { stdout, stderr, failed } = await execa((await findHelm())!, words, { reject: false })
  if (failed) throw new Refused(stderr)
  return stdout
}

/** Runs `work` with a file of these values. */
async function withValues<Result>(
  values: object,
  work: (file: string, folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'nixcluster-chart-'))
  try {
    await writeFile(join(folder, 'values.yaml'), stringify(values))
    return await work(join(folder, 'values.yaml'), folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

const release = ['nixcluster', '--namespace', 'fleets', '--kube-version', kubernetes] as const

/** What is read as Kubernetes does: by YAML 1.1, where 0440 is a mode. */
const yaml = { version: '1.1' } as const

/** The objects of a release of that name in the namespace `fleets`; throws what Helm refuses. */
export async function render(values: object): Promise<readonly KubernetesObject[]> {
  const text = await withValues(values, (file) =>
    helm('template', release[0], chartFolder, ...release.slice(1), '--values', file),
  )
  return objectsIn(text)
}

const objectsIn = (text: string): readonly KubernetesObject[] =>
  parseAllDocuments(text, yaml).flatMap((document) => {
    const object = document.toJS() as KubernetesObject | null
    return object === null ? [] : [object]
  })

/** Those of a kind. */
export const ofKind = <Kind extends KubernetesObject>(
  objects: readonly KubernetesObject[],
  kind: string,
): readonly Kind[] => objects.filter((object) => object.kind === kind) as unknown as Kind[]

/** What is printed after an installation. Without a cluster Helm prints none, so a copy has it as an object. */
export async function renderNotes(values: object): Promise<string> {
  return await withValues(values, async (file, folder) => {
    const copy = join(folder, 'chart')
    await cp(chartFolder, copy, { recursive: true })
    const notes = await readFile(join(copy, 'templates/NOTES.txt'), 'utf8')
    await writeFile(
      join(copy, 'templates/notes.yaml'),
      `{{- define "notes" -}}${notes}{{- end -}}\nnotes: {{ include "notes" . | toJson }}\n`,
    )
    const text = await helm(
      ...['template', release[0], copy, ...release.slice(1)],
      ...['--values', file, '--show-only', 'templates/notes.yaml'],
    )
    const [document] = parseAllDocuments(text, yaml)
    return (document!.toJS() as { notes: string }).notes
  })
}

/** What a documented installation did: Secrets by name with their keys, and the objects of each `helm upgrade`. */
export interface Installation {
  readonly images: readonly string[]
  readonly secrets: Readonly<Record<string, readonly string[]>>
  readonly releases: readonly (readonly KubernetesObject[])[]
}

/**
 * Runs documented blocks, in order, in an empty folder with the chart in it: those of YAML are written to the file
 * that their first line names. Stand-ins for docker and kubectl check that files are there and note what is
 * asked for; a real Helm renders what it would have installed.
 */
export async function install(blocks: readonly DocumentedBlock[]): Promise<Installation> {
  return await withValues({}, async (_, folder) => {
    await mkdir(join(folder, 'charts'))
    await cp(chartFolder, join(folder, 'charts/nixcluster'), { recursive: true })
    await mkdir(join(folder, 'bin'))
    for (const [name, script] of Object.entries(standIns))
      await writeFile(join(folder, 'bin', name), `#!/bin/sh\nset -eu\n${script}`, { mode: 0o755 })
    for (const { language, text } of blocks) {
      if (language === 'sh')
        await execa('sh', ['-eu', '-c', text], {
          cwd: folder,
          env: {
            PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
            NOTES: folder,
            HELM: (await findHelm())!,
            KUBERNETES: kubernetes,
          },
        })
      else await writeFile(join(folder, /^# (\S+)$/m.exec(text)![1]!), text)
    }
    const noted = async (file: string): Promise<readonly string[]> =>
      (await readFile(join(folder, file), 'utf8')).split('\n').filter((line) => line !== '')
    const secrets = (await noted('secrets')).map((line) => {
      const [name = '', ...keys] = line.split(' ')
      return [name, keys] as const
    })
    const releases = (await noted('releases')).map((file) => readFile(file, 'utf8'))
    return {
      images: await noted('images'),
      secrets: Object.fromEntries(secrets),
      releases: (await Promise.all(releases)).map(objectsIn),
    }
  })
}

const standIns = {
  docker: `case $1 in build) test -d "$4" ;; push) echo "$2" >> "$NOTES/images" ;; *) exit 64 ;; esac\n`,
  kubectl: `case "$1 $2" in
'create namespace') exit ;;
'create secret') test "$3 $5 $6" = 'generic --namespace fleets'; name=$4; shift 6 ;;
*) exit 64 ;;
esac
keys=
for word; do
  file=\${word#--from-file=}
  test -s "$file"
  keys="$keys \${file##*/}"
done
echo "$name$keys" >> "$NOTES/secrets"
`,
  helm: `test "$1 $2" = 'upgrade --install'
shift 2
file=$(mktemp "$NOTES/release-XXXXXX")
"$HELM" template --kube-version "$KUBERNETES" "$@" > "$file"
echo "$file" >> "$NOTES/releases"
`,
} as const

/** `helm lint --strict`; throws what it complains of. */
export async function lint(values: object): Promise<void> {
  await withValues(values, (file) =>
    helm('lint', '--strict', '--kube-version', kubernetes, chartFolder, '--values', file),
  )
}

/** What Kubernetes' schemas refuse of these objects, a text for each. */
export async function complaints(objects: readonly KubernetesObject[]): Promise<readonly string[]> {
  return await withValues({}, async (_, folder) => {
    const files = objects.map((_object, index) => join(folder, `${index}.yaml`))
    await Promise.all(objects.map((object, index) => writeFile(files[index]!, stringify(object))))
    const { stdout } = await execa(
      kubectlValidateProgram,
      [...files, '--version', kubernetes, '--local-crds', customDefinitions, '--output', 'json'],
      { reject: false, extendEnv: false, env: { HOME: folder } },
    )
    const results = JSON.parse(stdout) as Record<string, readonly Status[]>
    return files.flatMap((file, index) => {
      const { kind, metadata } = objects[index]!
      const [status] = results[file] ?? []
      return status?.status === 'Success'
        ? []
        : [`${kind} ${metadata.name}: ${status?.message ?? 'not looked at'}`]
    })
  })
}

interface Status {
  readonly status: string
  readonly message?: string
}
