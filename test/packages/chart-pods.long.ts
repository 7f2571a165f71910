import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensureTools } from '../../scripts/setup.ts'
import { bringTools, ofKind, render, type Deployment } from './chart.ts'
import { startEngine, type Engine } from './engine.ts'
import { buildImage, copyCheckout } from './image.ts'
import { runPod, type RunningPod } from './pods.ts'

// What the chart says is run here, from the image and by a real engine; there is no Kubernetes, so the test
// fills the volumes and resolves the names of Services.

let engine: Engine

/** Entries as `nixcluster update` writes them. Nothing is fetched: what is evaluated here fails, and may. */
const lock = JSON.stringify({
  nodes: {
    root: { inputs: { nixpkgs: 'nixpkgs', 'deploy-rs': 'deploy-rs' } },
    nixpkgs: locked({ owner: 'NixOS', repo: 'nixpkgs', ref: 'nixos-25.11' }),
    'deploy-rs': locked({ owner: 'serokell', repo: 'deploy-rs' }),
  },
  root: 'root',
  version: 7,
})

function locked(original: {
  readonly owner: string
  readonly repo: string
  readonly ref?: string
}) {
  const { ref: _, ...place } = original
  const rev = '0123456789abcdef0123456789abcdef01234567'
  const narHash = 'sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='
  return {
    locked: { type: 'github', ...place, rev, narHash, lastModified: 1 },
    original: { type: 'github', ...original },
  }
}

const secret = randomBytes(32).toString('hex')
const repository = { name: 'fleet', url: '/srv/git/fleet.git', secretFile: 'fleet-secret' }
const pod = {
  volumes: [{ name: 'git', hostPath: { path: '/root/git' } }],
  volumeMounts: [{ name: 'git', mountPath: '/srv/git' }],
}

const key = async (): Promise<string> => {
  await engine.sh('rm -f key key.pub; ssh-keygen -q -t ed25519 -N "" -f key')
  return `${await engine.sh('cat key')}\n`
}

beforeAll(async () => {
  await bringTools()
  const tools = await ensureTools()
  engine = await startEngine()
  await copyCheckout(engine)
  await buildImage(engine, tools, 'nixcluster:0.1.0')
  await engine.sh(`podman network create cluster
    mkdir git files
    git init --quiet --bare --initial-branch main git/fleet.git
    podman run --rm --user 0 --network none --volume /root/files:/files nixcluster:0.1.0 init --dir /files
    cat > files/flake.lock <<'END'
${lock}
END
    cd files
    git init --quiet --initial-branch main
    git add .
    git -c user.name=somebody -c user.email=somebody@example.com commit --quiet --message first
    git push --quiet /root/git/fleet.git main
    chown -R 10001:10001 /root/git`)
})
afterAll(() => engine.close())

/** A release whose pods run. */
interface Release {
  readonly pods: Readonly<Record<string, RunningPod>>
  /** Kills a pod and runs it anew, with the volume that it had. */
  replace(component: string): Promise<void>
  kill(): Promise<void>
}

async function start(values: object): Promise<Release> {
  const objects = await render({ ...values, pod })
  const deployments = ofKind<Deployment>(objects, 'Deployment')
  const componentOf = ({ metadata }: Deployment) => metadata.labels['app.kubernetes.io/component']!
  const pods: Record<string, RunningPod> = {}
  // Without Redis a process ends, and Kubernetes would start it until there is one.
  for (const each of deployments.toSorted((a) => (componentOf(a) === 'redis' ? -1 : 1))) {
    pods[componentOf(each)] = await runPod(engine, each, objects)
    await pods[componentOf(each)]!.untilReady()
  }
  return {
    pods,
    async replace(component) {
      await pods[component]!.kill()
      const deployment = deployments.find((each) => componentOf(each) === component)!
      pods[component] = await runPod(engine, deployment, objects)
      await pods[component]!.untilReady()
    },
    async kill() {
      for (const each of Object.values(pods).toReversed()) await each.kill()
    },
  }
}

const status = ['nixcluster', 'status', '--repository', 'fleet'].concat(
  '--secret-file',
  '/etc/nixcluster/fleet-secret',
)

/** Builds something that needs nothing, and gives where it is. */
const build = `derivation {
  name = "built-in-a-pod"; system = builtins.currentSystem;
  builder = "/bin/sh"; args = [ "-c" "echo built > $out" ];
}`

describe('three roles and a Redis of their own', () => {
  let release: Release
  let pods: Release['pods']
  beforeAll(async () => {
    release = await start({
      mode: 'roles',
      config: { poll: '2s', ssh: { identityFile: 'id_ed25519' }, repositories: [repository] },
      redis: { password: 'a "quoted" \\ word', server: { enabled: true } },
      webhook: { secretFiles: { 'fleet-secret': secret } },
      plan: { secretFiles: { id_ed25519: await key() } },
      deploy: { secretFiles: { 'fleet-secret': secret, id_ed25519: await key() } },
    })
    pods = release.pods
  })
  afterAll(() => release.kill())

  test('all are ready, and Redis wants the password', async () => {
    expect(Object.keys(pods).sort()).toEqual(['deploy', 'plan', 'redis', 'webhook'])
    const asked = pods['plan']!.exec('valkey-cli', '-h', 'nixcluster-redis', 'ping')
    expect(await asked).toContain('NOAUTH')
  })

  test('what webhook is asked reaches plan by Redis, and deploy pushes', async () => {
    await expect
      .poll(() => engine.sh('git --git-dir git/fleet.git branch --list'), { timeout: 60_000 })
      .toContain('nixcluster/main')
    await expect.poll(() => pods['webhook']!.exec(...status), { timeout: 60_000 }).toContain('vm0')
  })

  test('doctor finds nothing wrong with webhook, as the notes have it asked', async () => {
    const doctor = ['doctor', '--role', 'webhook', '--config', '/etc/nixcluster/controller.yaml']
    expect(await pods['webhook']!.exec('nixcluster', ...doctor)).toContain('all is fine')
  })

  test('deploy can use its key, plan has another, webhook none', async () => {
    const fingerprint = ['ssh-keygen', '-y', '-f', '/etc/nixcluster/id_ed25519']
    const deploy = await pods['deploy']!.exec(...fingerprint)
    expect(deploy).toMatch(/^ssh-ed25519 /)
    expect(await pods['plan']!.exec(...fingerprint)).not.toBe(deploy)
    await expect(pods['webhook']!.exec(...fingerprint)).rejects.toThrow('No such file')
  })

  test.each(['webhook', 'plan', 'deploy', 'redis'])(
    '%s writes nowhere but to its volumes',
    async (role) => {
      const written = await pods[role]!.exec(
        ...['sh', '-c', 'for f in / /etc /usr /opt /run /srv /etc/nixcluster; do touch $f/x; done'],
      ).catch((error: Error) => error.message)
      expect(written).not.toContain('Permission denied')
      expect(written.match(/Read-only file system/g)?.length).toBe(7)
    },
  )

  test('what plan has built outlives its pod', async () => {
    const offline = ['--option', 'substitute', 'false']
    const built = await pods['plan']!.exec(
      ...['nix-build', ...offline, '--no-out-link', '--expr', build],
    )
    const path = /^\/nix\/store\/\S+-built-in-a-pod$/m.exec(built)![0]
    await release.replace('plan')
    expect(await pods['plan']!.exec('nix-store', '--check-validity', path)).toBe('')
    expect(await pods['plan']!.exec('cat', path)).toBe('built')
  })
})

test('one process for everything starts a Redis inside of its pod', async () => {
  const { pods, ...release } = await start({
    config: { repositories: [repository] },
    controller: { secretFiles: { 'fleet-secret': secret } },
  })
  expect(await pods['controller']!.exec(...status)).toContain('vm0')
  await release.kill()
})
