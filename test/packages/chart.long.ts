import { generateKeyPairSync } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readConfig } from '../../src/config/config.ts'
import { allRoles } from '../../src/model/role.ts'
import {
  bringTools,
  chartFolder,
  complaints,
  install,
  lint,
  ofKind,
  render,
  renderNotes,
  type Container,
  type Deployment,
  type KubernetesObject,
  type Labels,
} from './chart.ts'
import { documented } from './documented.ts'

beforeAll(bringTools)

const valuesOf = (name: string): Values =>
  parse(readFileSync(join(chartFolder, 'ci', `${name}-values.yaml`), 'utf8')) as Values

interface Values {
  readonly config: Record<string, unknown>
  readonly [key: string]: unknown
}

const fleets = readdirSync(join(chartFolder, 'ci')).map((name) => name.replace('-values.yaml', ''))

const deployments = (objects: readonly KubernetesObject[]) =>
  ofKind<Deployment>(objects, 'Deployment')

const roleOf = ({ metadata }: KubernetesObject): string =>
  metadata.labels['app.kubernetes.io/component'] ?? ''

const containersOf = ({ spec }: Deployment): readonly Container[] => [
  ...(spec.template.spec.initContainers ?? []),
  ...spec.template.spec.containers,
]

const matches = (labels: Labels, wanted: Labels): boolean =>
  Object.entries(wanted).every(([key, value]) => labels[key] === value)

describe.each(fleets)('with ci/%s-values.yaml', (name) => {
  let objects: readonly KubernetesObject[] = []
  beforeAll(async () => {
    objects = await render(valuesOf(name))
  })

  test('helm lint has nothing to say', () => lint(valuesOf(name)))

  test("every object fits Kubernetes' schemas", async () => {
    expect(objects.length).toBeGreaterThan(4)
    expect(await complaints(objects)).toEqual([])
  })

  test('objects have names of their own, labels as Helm wants them, and the namespace', () => {
    const names = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`)
    expect(new Set(names).size).toBe(names.length)
    for (const { metadata } of objects) {
      expect(metadata.namespace).toBe('fleets')
      expect(metadata.name).toMatch(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/)
      expect(metadata.labels).toMatchObject({
        'app.kubernetes.io/instance': 'nixcluster',
        'app.kubernetes.io/managed-by': 'Helm',
        'app.kubernetes.io/part-of': 'nixcluster',
      })
      for (const value of Object.values(metadata.labels))
        expect(value).toMatch(/^[A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?$/)
    }
  })

  test('no container may more than it needs', () => {
    const containers = deployments(objects).flatMap(containersOf)
    expect(containers.length).toBeGreaterThan(0)
    for (const container of containers) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        runAsNonRoot: true,
        capabilities: { drop: ['ALL'] },
      })
      expect(container.resources.limits?.memory).toMatch(/^\d+[MG]i$/)
    }
    for (const { spec } of deployments(objects)) {
      const pod = spec.template.spec
      expect(pod.securityContext).toEqual({
        runAsNonRoot: true,
        runAsUser: 10001,
        runAsGroup: 10001,
        fsGroup: 10001,
        fsGroupChangePolicy: 'OnRootMismatch',
        seccompProfile: { type: 'RuntimeDefault' },
      })
      expect(pod).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false })
      expect(Object.keys(pod).filter((key) => key.startsWith('host'))).toEqual([])
    }
    for (const account of ofKind(objects, 'ServiceAccount'))
      expect(account.automountServiceAccountToken).toBe(false)
  })

  test('every mount has its volume, every volume is mounted, secrets are files of mode 0440', () => {
    for (const deployment of deployments(objects)) {
      const { volumes } = deployment.spec.template.spec
      const mounted = containersOf(deployment).flatMap(({ volumeMounts }) => volumeMounts)
      expect([...new Set(mounted.map((mount) => mount.name))].sort()).toEqual(
        volumes.map((volume) => volume.name).sort(),
      )
      const paths = mounted.map(({ mountPath }) => mountPath)
      expect(new Set(paths).size).toBe(paths.length)
      expect(paths).toContain('/tmp')
      const secret = volumes.flatMap(({ projected, secret }) => projected ?? secret ?? [])
      expect(secret.map(({ defaultMode }) => defaultMode.toString(8))).toEqual(['440'])
    }
  })

  test('no variable and no argument comes from a Secret', () => {
    for (const container of deployments(objects).flatMap(containersOf)) {
      expect(container.envFrom).toBe(undefined)
      for (const variable of container.env ?? [])
        expect(Object.keys(variable).sort()).toEqual(['name', 'value'])
    }
  })

  test('selectors mean the pods that they are for', () => {
    const pods = deployments(objects)
    const meant = (wanted: Labels): readonly string[] =>
      pods.filter(({ spec }) => matches(spec.template.metadata.labels, wanted)).map(roleOf)
    for (const deployment of pods)
      expect(meant(deployment.spec.selector.matchLabels)).toEqual([roleOf(deployment)])
    for (const service of ofKind<Service>(objects, 'Service')) {
      expect(meant(service.spec.selector)).toEqual([roleOf(service)])
      const pod = pods.find((each) => roleOf(each) === roleOf(service))!
      const ports = containersOf(pod).flatMap((container) => container.ports)
      for (const { targetPort } of service.spec.ports)
        expect(ports.map((port) => port.name)).toContain(targetPort)
    }
    for (const policy of ofKind<NetworkPolicy>(objects, 'NetworkPolicy'))
      expect(meant(policy.spec.podSelector.matchLabels)).toEqual([roleOf(policy)])
    for (const budget of ofKind<Deployment>(objects, 'PodDisruptionBudget'))
      expect(meant(budget.spec.selector.matchLabels)).toEqual([roleOf(budget)])
  })

  test('each process has an account of its own', () => {
    const own = deployments(objects).filter((each) => roleOf(each) !== 'redis')
    const accounts = own.map(({ spec }) => spec.template.spec.serviceAccountName)
    expect(accounts.toSorted()).toEqual(
      ofKind(objects, 'ServiceAccount')
        .map(({ metadata }) => metadata.name)
        .toSorted(),
    )
    expect(new Set(accounts).size).toBe(own.length)
  })

  test('what may take five minutes is waited for, and a volume has one process', () => {
    for (const { spec, ...deployment } of deployments(objects)) {
      const pod = spec.template.spec
      if (['controller', 'deploy'].includes(roleOf(deployment as Deployment)))
        expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(300)
      if (pod.volumes.some(({ persistentVolumeClaim }) => persistentVolumeClaim)) {
        expect(spec.strategy.type).toBe('Recreate')
        expect(spec.replicas).toBe(1)
      }
    }
  })

  test('each process takes its settings, and reads what its Secret is said to have, and no more', async () => {
    const values = valuesOf(name)
    const told = secretsIn(await renderNotes(values))
    const given = ofKind<KubernetesObject>(objects, 'Secret').map(
      ({ metadata, data }) => [metadata.name, Object.keys(data!)] as const,
    )
    const keys = new Map([...told, ...given])
    for (const process of deployments(objects).filter((each) => roleOf(each) !== 'redis')) {
      const [container] = process.spec.template.spec.containers
      const files = new Set(filesOf(process, keys))
      const read = new Set<string>()
      const { config, diagnostics } = readConfig({
        file: '/etc/nixcluster/controller.yaml',
        text: settingsIn(objects),
        env: {
          // The image's own, which a pod's go before.
          NIXCLUSTER_LISTEN_HOST: '127.0.0.1',
          ...Object.fromEntries((container!.env ?? []).map((each) => [each.name, each.value])),
        },
        readFile: (path) => {
          if (!files.has(path) && !path.startsWith('/run/csi/')) throw new Error(`no ${path}`)
          read.add(path)
          return { text: /app/.test(path) ? privateKey : 'f00dfeed'.repeat(8), mode: 0o440 }
        },
        roles: allRoles.filter((role) => ['controller', role].includes(roleOf(process))),
      })
      expect(diagnostics).toEqual([])
      expect([...read].filter((path) => !path.startsWith('/run/csi/')).sort()).toEqual(
        [...files].sort(),
      )
      const { host = '0.0.0.0' } = (values.config['listen'] ?? {}) as { host?: string }
      expect(config?.listen).toEqual({ host, port: container!.ports[0]!.containerPort })
      const mounts = container!.volumeMounts.map(({ mountPath }) => mountPath)
      if (roleOf(process) !== 'webhook') expect(mounts).toContain(config!.stateDir)
    }
  })

  test('what is said in config arrives as it was said', () => {
    const known = ['listen', 'stateDir', 'redis', 'publicUrl']
    const rest = (config: Record<string, unknown>) =>
      Object.fromEntries(Object.entries(config).filter(([key]) => !known.includes(key)))
    const arrived = parse(settingsIn(objects)) as Record<string, unknown>
    expect(rest(arrived)).toEqual(rest(valuesOf(name).config))
    expect(Object.keys(rest(arrived))).toContain('repositories')
  })

  test('the notes name the Secrets that pods wait for, with what is read from them', async () => {
    const notes = await renderNotes(valuesOf(name))
    for (const line of notes.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
    const asked = deployments(objects)
      .flatMap(({ spec }) => spec.template.spec.volumes)
      .flatMap(({ projected }) => projected?.sources ?? [])
      .flatMap(({ secret }) => (secret === undefined ? [] : [secret.name]))
      .filter((secret) => !ofKind(objects, 'Secret').some((own) => own.metadata.name === secret))
    expect([...secretsIn(notes).keys()].toSorted()).toEqual([...new Set(asked)].toSorted())
    expect(notes).toContain('kubectl exec --namespace fleets deployment/')
  })
})

interface Service extends KubernetesObject {
  readonly spec: {
    readonly type: string
    readonly selector: Labels
    readonly ports: readonly { readonly name: string; readonly targetPort: string }[]
  }
}

interface NetworkPolicy extends KubernetesObject {
  readonly spec: {
    readonly podSelector: { readonly matchLabels: Labels }
    readonly ingress: readonly Rule[]
    readonly egress: readonly Rule[]
  }
}

interface Rule {
  readonly ports: readonly { readonly port: number | string; readonly protocol: string }[]
  readonly from?: readonly object[]
  readonly to?: readonly object[]
}

interface Ingress extends KubernetesObject {
  readonly spec: {
    readonly rules: readonly {
      readonly http: {
        readonly paths: readonly {
          readonly path: string
          readonly backend: { readonly service: { readonly name: string } }
        }[]
      }
    }[]
  }
}

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
})

const settingsIn = (objects: readonly KubernetesObject[]): string =>
  ofKind(objects, 'ConfigMap')[0]!.data!['controller.yaml']!

/** The Secrets that the notes say how to make, with their keys. */
const secretsIn = (notes: string): ReadonlyMap<string, readonly string[]> =>
  new Map(
    [...notes.matchAll(/create secret generic (\S+).*\\\n((?: +--from-file=.*\n)+)/g)].map(
      ([, secret = '', files = '']) => [
        secret,
        // KEY=FILE, or a file whose last name is the key.
        [...files.matchAll(/--from-file=(?:([^=\s]+)=\S+|\S*?([^/\s]+))(?: |$)/gm)].map(
          ([, key, file]) => (key ?? file)!,
        ),
      ],
    ),
  )

/** Where a process finds the files of its Secrets, which have these keys. */
const filesOf = (
  { spec }: Deployment,
  keys: ReadonlyMap<string, readonly string[]>,
): readonly string[] =>
  spec.template.spec.volumes
    .flatMap(({ projected }) => projected?.sources ?? [])
    .flatMap(({ secret }) => {
      if (secret === undefined) return []
      const names = secret.items?.map(({ path }) => path) ?? keys.get(secret.name) ?? []
      return names.map((file) => `/etc/nixcluster/${file}`)
    })

/** The Secrets whose files a Deployment's pods see. */
const secretsOf = ({ spec }: Deployment): readonly string[] =>
  spec.template.spec.volumes.flatMap(({ projected, secret }) => [
    ...(projected?.sources ?? []).flatMap((source) => source.secret?.name ?? []),
    ...(secret === undefined ? [] : [secret.secretName]),
  ])

const byRole = <Kind extends KubernetesObject>(objects: readonly Kind[]): Record<string, Kind> =>
  Object.fromEntries(objects.map((object) => [roleOf(object), object]))

test("Kubernetes' schemas are really asked, and so is the one of ServiceMonitor", async () => {
  const objects = await render(valuesOf('everything'))
  const wrong = objects
    .filter(({ kind }) => ['Deployment', 'ServiceMonitor', 'Ingress'].includes(kind))
    .map((object) => ({ ...object, spec: { ...(object as Deployment).spec, selektor: {} } }))
  expect(wrong.length).toBe(5)
  expect((await complaints(wrong)).map((text) => text.includes('selektor'))).toEqual(
    wrong.map(() => true),
  )
})

test('a role sees its own secrets and nobody else’s', async () => {
  const roles = byRole(deployments(await render(valuesOf('roles'))))
  expect(
    Object.fromEntries(Object.entries(roles).map(([role, it]) => [role, secretsOf(it)])),
  ).toEqual({
    webhook: ['nixcluster-webhook', 'nixcluster-redis'],
    plan: ['nixcluster-plan', 'nixcluster-redis'],
    deploy: ['nixcluster-deploy', 'nixcluster-redis'],
    redis: ['nixcluster-redis'],
  })
  for (const role of ['webhook', 'plan', 'deploy'])
    expect(roles[role]!.spec.template.spec.containers[0]!.args).toEqual([
      'serve',
      '--role',
      role,
      '--config',
      '/etc/nixcluster/controller.yaml',
    ])
  const [all] = deployments(await render(valuesOf('minimal')))
  expect(all!.spec.template.spec.containers[0]!.args).not.toContain('--role')
})

test('a role without Nix has no store, no state folder and no keys of hosts', async () => {
  const values = { ...valuesOf('roles'), knownHosts: 'git.example.com ssh-ed25519 AAAA' }
  const roles = byRole(deployments(await render(values)))
  const mounts = (role: string): readonly string[] =>
    roles[role]!.spec.template.spec.containers[0]!.volumeMounts.map(({ mountPath }) => mountPath)
  expect(mounts('webhook')).toEqual(['/etc/nixcluster', '/tmp'])
  for (const role of ['plan', 'deploy'])
    expect(mounts(role)).toEqual([
      '/etc/nixcluster',
      '/tmp',
      '/var/lib/nixcluster',
      '/nix',
      '/etc/ssh/ssh_known_hosts',
    ])
})

test('secrets that are given as values are in Secrets and nowhere else', async () => {
  const values = valuesOf('trying')
  const objects = await render(values)
  const planted = (JSON.stringify(values).match(/planted-[a-z-]+/g) ?? []).toSorted()
  expect(planted.length).toBe(5)
  const secrets = ofKind(objects, 'Secret')
  const kept = secrets.flatMap(({ data }) => Object.values(data!)).map(fromBase64)
  expect(kept.map((text) => /planted-[a-z-]+/.exec(text)?.[0]).toSorted()).toEqual(planted)
  expect(kept).toContain('planted-redis-"password\\')
  const others = objects.filter(({ kind }) => kind !== 'Secret')
  const written = JSON.stringify(others) + (await renderNotes(values))
  for (const text of kept) {
    expect(written).not.toContain(text.slice(0, 15))
    expect(written).not.toContain(Buffer.from(text).toString('base64').slice(0, 15))
  }
  const roles = byRole(secrets)
  expect(Object.keys(roles['plan']!.data!)).toEqual(['id_ed25519'])
  expect(Object.keys(roles['webhook']!.data!)).toEqual(['fleet-secret'])
})

const fromBase64 = (text: string): string => Buffer.from(text, 'base64').toString('utf8')

test('pods are new when settings or the secrets of the values are others', async () => {
  const values = valuesOf('trying')
  const sums = async (given: object): Promise<readonly (Labels | undefined)[]> =>
    deployments(await render(given)).map(({ spec }) => spec.template.metadata.annotations)
  const [before, same] = [await sums(values), await sums(values)]
  expect(same).toEqual(before)
  const config = { ...values.config, poll: '2m' }
  for (const [index, after] of (await sums({ ...values, config })).entries())
    if (before[index]!['checksum/config'] !== undefined) expect(after).not.toEqual(before[index])
  const webhook = { secretFiles: { 'fleet-secret': 'another secret' } }
  expect((await sums({ ...values, webhook }))[0]).not.toEqual(before[0])
})

test('webhook reaches Redis and names; plan git, forges and caches; deploy machines too', async () => {
  const { machines } = (valuesOf('everything') as unknown as { networkPolicy: Policies })
    .networkPolicy
  const policies = byRole(
    ofKind<NetworkPolicy>(await render(valuesOf('everything')), 'NetworkPolicy'),
  )
  const egress = (role: string) =>
    policies[role]!.spec.egress.map(({ ports }) => ports.map(({ port }) => port))
  const names = [53, 53]
  const git = [2222, 3000, 443, 5000]
  expect(egress('webhook')).toEqual([names, [6379]])
  expect(egress('plan')).toEqual([names, [6379], git, [8443]])
  expect(egress('deploy')).toEqual([names, [6379], git, [22, 2200]])
  expect(policies['deploy']!.spec.egress.at(-1)!.to).toEqual(machines.to)

  const roles = byRole(ofKind<NetworkPolicy>(await render(valuesOf('roles')), 'NetworkPolicy'))
  expect(roles['webhook']!.spec.ingress.length).toBe(1)
  // Nobody has to reach these: there are no links to logs, and nobody reads metrics.
  for (const role of ['plan', 'deploy']) expect(roles[role]!.spec.ingress).toEqual([])
  expect(roles['redis']!.spec.egress).toEqual([])
  const [fromOurs] = roles['redis']!.spec.ingress
  expect(
    fromOurs!.from!.map((peer) => {
      const { matchLabels } = (peer as { podSelector: { matchLabels: Labels } }).podSelector
      return matchLabels['app.kubernetes.io/component']
    }),
  ).toEqual(['webhook', 'plan', 'deploy'])
})

interface Policies {
  readonly machines: { readonly to: readonly object[] }
}

test('the Ingress sends webhooks, hooks and commands to webhook, and links of logs to deploy', async () => {
  const objects = await render(valuesOf('everything'))
  const [ingress] = ofKind<Ingress>(objects, 'Ingress')
  const routes = ingress!.spec.rules[0]!.http.paths.map(
    ({ path, backend }) => [path, backend.service.name] as const,
  )
  expect(routes).toEqual([
    ['/webhooks/github', 'our-fleets-webhook'],
    ['/webhooks/gitea', 'our-fleets-webhook'],
    ['/hooks/git', 'our-fleets-webhook'],
    ['/follow', 'our-fleets-webhook'],
    ['/api/repositories', 'our-fleets-webhook'],
    ['/logs', 'our-fleets-deploy'],
  ])
  const services = ofKind(objects, 'Service').map(({ metadata }) => metadata.name)
  for (const [, service] of routes) expect(services).toContain(service)
  expect(parse(settingsIn(objects))).toMatchObject({ publicUrl: 'https://nixcluster.example.com' })

  const all = await render({
    ...valuesOf('minimal'),
    ingress: { enabled: true, host: 'nixcluster.example.com' },
  })
  const paths = ofKind<Ingress>(all, 'Ingress')[0]!.spec.rules[0]!.http.paths
  expect(paths.map(({ path }) => path)).toEqual(['/webhooks/github', '/webhooks/gitea', '/logs'])
  expect([...new Set(paths.map(({ backend }) => backend.service.name))]).toEqual(['nixcluster'])
  expect(parse(settingsIn(all))).toMatchObject({ publicUrl: 'http://nixcluster.example.com' })
})

test('the ServiceMonitor means every Service of a process of ours', async () => {
  const objects = await render({ ...valuesOf('roles'), serviceMonitor: { enabled: true } })
  const [monitor] = ofKind<ServiceMonitor>(objects, 'ServiceMonitor')
  const { matchLabels, matchExpressions } = monitor!.spec.selector
  const read = ofKind<Service>(objects, 'Service').filter(
    ({ metadata }) =>
      matches(metadata.labels, matchLabels) &&
      matchExpressions.every(({ key, values }) => values.includes(metadata.labels[key]!)),
  )
  expect(read.map(roleOf)).toEqual(['webhook', 'plan', 'deploy'])
  for (const { spec } of read) expect(spec.ports[0]!.name).toBe(monitor!.spec.endpoints[0]!.port)
})

interface ServiceMonitor extends KubernetesObject {
  readonly spec: {
    readonly selector: {
      readonly matchLabels: Labels
      readonly matchExpressions: readonly { readonly key: string; readonly values: string[] }[]
    }
    readonly endpoints: readonly { readonly port: string }[]
  }
}

const minimal = valuesOf('minimal')
const roles = valuesOf('roles')
const controller = { existingSecret: 'nixcluster' }
const [repository] = minimal.config['repositories'] as readonly [object]
const withRepository = (more: object) => ({
  ...minimal,
  config: { repositories: [{ ...repository, ...more }] },
})

test.each([
  ['a value that there is none of', { ...minimal, replicaCount: 2 }, /'replicaCount' not allowed/],
  ['a setting that there is none of', withRepository({ secret: 'x' }), /'secret' not allowed/],
  ['no repository', { ...minimal, config: {} }, /at '\/config\/repositories': minItems/],
  [
    'a repository with an odd name',
    withRepository({ name: 'a b' }),
    /repositories\/0\/name.*pattern/,
  ],
  ['a number for a text', withRepository({ branch: 7 }), /branch': got number, want string/],
  [
    'a port, which is the chart’s',
    { ...minimal, config: { ...minimal.config, listen: { port: 1 } } },
    /'port' not allowed/,
  ],
  [
    'a Redis among the settings',
    { ...minimal, config: { ...minimal.config, redis: {} } },
    /'redis' not allowed/,
  ],
  [
    'a password in the URL of Redis',
    { ...minimal, redis: { url: 'redis://:hunter2@redis' } },
    /\/redis\/url.*pattern/,
  ],
  [
    'a Secret with lines in its name',
    { ...minimal, controller: { existingSecret: 'a\nb: c' } },
    /existingSecret.*pattern/,
  ],
  [
    'a name that would be markup',
    { ...minimal, fullnameOverride: 'a"}{{ b' },
    /fullnameOverride.*pattern/,
  ],
  [
    'a name of 60 letters',
    { ...minimal, fullnameOverride: 'a'.repeat(60) },
    /fullnameOverride.*pattern/,
  ],
  [
    'a file of a Secret in a folder above',
    { ...minimal, controller: { secretFiles: { '../x': 'y' } } },
    /secretFiles/,
  ],
  [
    'a host with a path',
    { ...minimal, ingress: { enabled: true, host: 'a.example.com/x' } },
    /ingress\/host.*pattern/,
  ],
  ['an image with a space', { ...minimal, image: { tag: 'latest; rm' } }, /image\/tag.*pattern/],
  [
    'a Secret as a variable',
    { ...minimal, pod: { env: [{ name: 'A', valueFrom: {} }] } },
    /'valueFrom' not allowed/,
  ],
  [
    'less time than an activation takes',
    { ...minimal, controller: { ...controller, terminationGracePeriodSeconds: 30 } },
    /terminationGracePeriodSeconds.*minimum/,
  ],
  [
    'a mode that there is none of',
    { ...minimal, mode: 'role' },
    /at '\/mode': value must be one of/,
  ],
  [
    'roles without a Redis',
    { ...roles, redis: {} },
    /mode: roles needs a Redis that the roles share/,
  ],
  [
    'two Redis',
    { ...roles, redis: { url: 'redis://redis', server: { enabled: true }, existingSecret: 'r' } },
    /choose one/,
  ],
  [
    'a Redis without a password',
    { ...roles, redis: { server: { enabled: true } } },
    /redis.server.enabled needs a password/,
  ],
  [
    'replicas on one volume',
    { ...roles, deploy: { existingSecret: 'deploy', replicas: 2 } },
    /deploy.replicas above 1 needs deploy.persistence.enabled: false/,
  ],
  [
    'replicas without a Redis',
    { ...minimal, controller: { ...controller, replicas: 2, persistence: { enabled: false } } },
    /controller.replicas above 1 needs a Redis/,
  ],
  [
    'no Secret',
    { ...minimal, controller: {} },
    /controller.existingSecret is to name a Secret with the keys fleet-secret, id_ed25519/,
  ],
  [
    'a file that the values lack',
    { ...minimal, controller: { secretFiles: { 'fleet-secret': 'x' } } },
    /names the file id_ed25519, which controller.secretFiles does not have/,
  ],
  [
    'a file in a folder',
    { ...withRepository({ secretFile: 'secrets/fleet' }), controller },
    /'secrets\/fleet'.*has no folder in it/,
  ],
  [
    'an Ingress for no host',
    { ...minimal, ingress: { enabled: true } },
    /ingress.enabled needs ingress.host/,
  ],
])('refuses %s', async (_, values, message) => {
  await expect(render(values)).rejects.toThrow(message)
})

test('everything that does not fit together is told at once', async () => {
  await expect(render({ ...roles, redis: {}, deploy: { replicas: 2 } })).rejects.toThrow(
    /needs a Redis that[^]*deploy.existingSecret is to name[^]*deploy.replicas above 1/,
  )
})

test('the notes of all in one and of roles tell the next steps', async () => {
  const all = await renderNotes(minimal)
  expect(all).toContain('one process for everything')
  expect(all).toContain('nixcluster hook install REPOSITORY.git --repository fleet')
  expect(all).toContain('nixcluster deploy --by "$USER" --repository fleet')
  expect(all).not.toContain('plan')
  const apart = await renderNotes(valuesOf('everything'))
  expect(apart).toContain('webhook, plan and deploy apart')
  expect(apart).toContain('https://nixcluster.example.com/webhooks/gitea')
  expect(apart).toContain('https://nixcluster.example.com/webhooks/github')
  expect(apart).toMatch(
    /secret generic nixcluster-plan .*\\\n.*=plan\/fleet-token \\\n.*=plan\/id_/,
  )
  const trying = await renderNotes(valuesOf('trying'))
  expect(trying).toContain('Secrets are among the values')
  expect(all).not.toContain('Secrets are among the values')
})

test('the commands of docs/install.md install one process, then three, each with the Secret it asks for', async () => {
  const { images, secrets, releases } = await install(documented('Kubernetes'))
  expect(releases.length).toBe(2)
  const [all, apart] = releases.map((objects) => deployments(objects))
  expect(all!.map(roleOf)).toEqual(['controller'])
  expect(apart!.map(roleOf)).toEqual(['webhook', 'plan', 'deploy', 'redis'])
  for (const deployment of [...all!, ...apart!]) {
    expect(images).toEqual([deployment.spec.template.spec.containers[0]!.image])
    for (const secret of secretsOf(deployment)) expect(Object.keys(secrets)).toContain(secret)
  }
  expect(await complaints(releases.flat())).toEqual([])
  expect(secrets).toEqual({
    nixcluster: ['fleet-secret', 'id_ed25519'],
    'nixcluster-webhook': ['fleet-secret'],
    'nixcluster-plan': ['id_ed25519'],
    'nixcluster-deploy': ['fleet-secret', 'id_ed25519'],
    'nixcluster-redis': ['password'],
  })
})
