import { chmod, chown, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Deployment, KubernetesObject, Volume } from './chart.ts'
import type { Engine } from './engine.ts'

/** A container that runs as a pod's would. */
export interface RunningPod {
  /** Where it listens, from the engine's network. */
  readonly address: string
  /** Runs a program in it, as `kubectl exec` does. */
  exec(...words: readonly string[]): Promise<string>
  /** Waits until its readiness probe is answered; throws its log when that takes a minute. */
  untilReady(): Promise<void>
  /** Ends it at once, as when its node dies; its volumes stay. */
  kill(): Promise<void>
}

/**
 * Runs the one pod of a Deployment by podman. The kubelet's part is played here: it fills volumes, gives them to
 * the pod's group, and tells the engine what the pod's security context asks for.
 */
export async function runPod(
  engine: Engine,
  deployment: Deployment,
  objects: readonly KubernetesObject[],
): Promise<RunningPod> {
  const { name } = deployment.metadata
  const { spec } = deployment.spec.template
  const [container] = spec.containers
  const { runAsUser, runAsGroup, fsGroup } = spec.securityContext as Record<string, number>
  const here = join(engine.home, 'pods', name)
  const inside = `/root/pods/${name}`

  const filesIn = (volume: Volume): Readonly<Record<string, string>> => {
    const dataOf = (kind: string, source: string): Readonly<Record<string, string>> => {
      const found = objects.find((each) => each.kind === kind && each.metadata.name === source)
      const data = Object.entries(found?.data ?? {}).map(
        ([key, text]) => [key, kind === 'Secret' ? fromBase64(text) : text] as const,
      )
      return Object.fromEntries(data)
    }
    const sources = [
      ...(volume.projected?.sources ?? []),
      ...(volume.configMap === undefined ? [] : [{ configMap: volume.configMap }]),
      ...(volume.secret === undefined
        ? []
        : [{ secret: { ...volume.secret, name: volume.secret.secretName } }]),
    ]
    const files = sources.flatMap(({ configMap, secret }) => {
      const data = dataOf(secret ? 'Secret' : 'ConfigMap', (secret ?? configMap)!.name)
      const { items } = (secret ?? configMap)!
      return items?.map(({ key, path }) => [path, data[key]!] as const) ?? Object.entries(data)
    })
    return Object.fromEntries(files)
  }

  for (const volume of spec.volumes) {
    if (volume.hostPath !== undefined) continue
    const folder = join(here, volume.name)
    await mkdir(folder, { recursive: true })
    await chown(folder, 0, fsGroup!)
    await chmod(folder, 0o2775)
    const mode = (volume.projected ?? volume.secret ?? volume.configMap)?.defaultMode
    for (const [file, text] of Object.entries(mode === undefined ? {} : filesIn(volume))) {
      await writeFile(join(folder, file), text)
      await chown(join(folder, file), 0, fsGroup!)
      await chmod(join(folder, file), mode!)
    }
  }
  const mounts = await Promise.all(
    container!.volumeMounts.map(async ({ name: volume, mountPath, subPath, readOnly }) => {
      const { hostPath } = spec.volumes.find((each) => each.name === volume)!
      const isFolder = spec.volumes.some(
        (each) => each.name === volume && (each.emptyDir ?? each.persistentVolumeClaim),
      )
      if (subPath !== undefined && isFolder) {
        await mkdir(join(here, volume, subPath), { recursive: true })
        await chown(join(here, volume, subPath), 0, fsGroup!)
        await chmod(join(here, volume, subPath), 0o2775)
      }
      const source = hostPath?.path ?? join(inside, volume, subPath ?? '')
      return `${source}:${mountPath}${readOnly ? ':ro' : ''}`
    }),
  )
  const { readOnlyRootFilesystem, allowPrivilegeEscalation, capabilities } = container!
    .securityContext as unknown as SecurityContext
  const words = [
    ...['run', '--detach', '--pull=never', '--image-volume=ignore', '--name', name],
    ...['--network', 'cluster', '--network-alias', name],
    ...['--user', `${runAsUser}:${runAsGroup}`, '--group-add', String(fsGroup)],
    ...(readOnlyRootFilesystem ? ['--read-only', '--read-only-tmpfs=false'] : []),
    ...(allowPrivilegeEscalation ? [] : ['--security-opt', 'no-new-privileges']),
    ...capabilities.drop.flatMap((each) => ['--cap-drop', each]),
    ...(container!.env ?? []).flatMap((each) => ['--env', `${each.name}=${each.value ?? ''}`]),
    ...mounts.flatMap((mount) => ['--volume', mount]),
    ...(container!.command === undefined
      ? []
      : ['--entrypoint', JSON.stringify(container!.command)]),
    ...[container!.image, ...(container!.args ?? [])],
  ]
  const podman = (...rest: readonly string[]): Promise<string> =>
    engine.sh(`podman ${rest.map(quoted).join(' ')}`)
  await podman(...words)
  const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}'
  const ip = (await podman('inspect', '--format', format, name)).trim()
  const [port] = container!.ports
  const address = `${ip}:${port!.containerPort}`
  const { readinessProbe } = container!
  return {
    address,
    exec: (...rest) => podman('exec', name, ...rest),
    async untilReady() {
      const probe =
        readinessProbe.httpGet === undefined
          ? `curl --silent --max-time 2 telnet://${address} < /dev/null || test $? = 28`
          : `curl --silent --fail --max-time 5 http://${address}${readinessProbe.httpGet.path}`
      for (let tries = 0; ; tries++) {
        const answer = await engine.sh(probe).catch((error: Error) => error)
        if (!(answer instanceof Error)) return
        if (tries === 60) throw new Error(`${name} is not ready: ${await podman('logs', name)}`)
        await sleep(1000)
      }
    },
    async kill() {
      await podman('rm', '--force', '--time', '0', name)
    },
  }
}

interface SecurityContext {
  readonly readOnlyRootFilesystem: boolean
  readonly allowPrivilegeEscalation: boolean
  readonly capabilities: { readonly drop: readonly string[] }
}

const fromBase64 = (text: string): string => Buffer.from(text, 'base64').toString('utf8')

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`
