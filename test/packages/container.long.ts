import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest'
import { labInputs } from '../../lab/inputs.ts'
import { startLab, type Lab } from '../../lab/machines.ts'
import { dockerfileCheck, dockerfileCheckProgram } from '../../scripts/dockerfile-check.ts'
import { ensureTools } from '../../scripts/setup.ts'
import { bring } from '../../scripts/tool.ts'
import { documented } from './documented.ts'
import { startEngine, type Engine } from './engine.ts'
import { buildImage, copyCheckout } from './image.ts'

// The Dockerfile is built and docker-compose.yml is brought up by Docker's own client and Compose, in front of
// podman; what docs/install.md tells people to run is run. In place of others stand: the images that registries
// have (test/packages/image.ts says which), nixpkgs (lab/nixpkgs), systemd's timers, by which podman looks at the
// health of containers, and `docker compose build`, which is buildah. Machines are those of the lab.

const root = join(import.meta.dirname, '../..')
const [build, secrets, start, push, command] = documented('Container').map(({ text }) => text)
const valkey = 'valkey/valkey:9.1.2-alpine'

/** What only the test needs: no image is pulled, and the lab's inputs are where the fleet's lock says. */
const override = `services:
  controller:
    pull_policy: never
    volumes: [/root/lab:/lab:ro]
    environment:
      NIXCLUSTER_POLL: 2s
      # The lab's nixpkgs builds with the programs of its host.
      NIX_CONFIG: |
        sandbox = false
        substituters =
        flake-registry =
  redis:
    image: ${valkey}
    pull_policy: never
`

let engine: Engine
let lab: Lab
const compose = {
  cwd: '/root/nixcluster',
  env: { COMPOSE_FILE: 'docker-compose.yml:/root/lab.yml' },
}
const fleet = { cwd: '/root/fleet' }
const inImage = (script: string): Promise<string> =>
  engine.sh('podman run --rm --network none --entrypoint sh nixcluster -euc "$script"', {
    env: { script },
  })

beforeAll(async () => {
  const tools = await ensureTools()
  engine = await startEngine()
  await copyCheckout(engine)
  await buildImage(engine, tools, 'docker.io/library/nixcluster')
  await engine.sh(
    `container=$(buildah from --pull=never nixcluster)
    buildah config --entrypoint '[]' --cmd '' --user 0 --workingdir /data --healthcheck NONE \
      --volume /nix- --volume /var/lib/nixcluster- "$container"
    buildah commit --quiet --rm --format docker "$container" docker.io/${valkey}`,
  )
  void engine
    .sh('while sleep 1; do podman ps -q | xargs -rn1 podman healthcheck run || true; done')
    .catch(() => undefined)
  lab = await startLab({ machines: ['web1', 'web2', 'db1'] })
  await engine.plug(lab.gateway.replace(/^10\.231\.(\d+)\.1$/, 'nclab$1'), nextTo(lab.gateway))
  await writeFile(join(engine.home, 'lab.yml'), override)
  await copyFleet(await labInputs(tools))
})
afterAll(async () => {
  await engine?.close()
  await lab?.stop()
})

const nextTo = (gateway: string): string => gateway.replace(/\d+$/, '200/24')

/** The demo's fleet, with inputs below /lab. */
async function copyFleet({ nixpkgs, deployRs }: Awaited<ReturnType<typeof labInputs>>) {
  await cp(nixpkgs.replace('path:', ''), join(engine.home, 'lab/nixpkgs'), { recursive: true })
  await cp(deployRs.replace('path:', ''), join(engine.home, 'lab/deploy-rs'), { recursive: true })
  await cp(join(root, 'lab/demo/fleet'), join(engine.home, 'fleet'), { recursive: true })
  const places: Record<string, string> = {
    nixpkgs: 'path:/lab/nixpkgs',
    'deploy-rs': 'path:/lab/deploy-rs',
    gateway: lab.gateway,
  }
  for (const { name, address, hostKey } of Object.values(lab.machines))
    Object.assign(places, { [name]: address, [`${name}-key`]: hostKey })
  for (const file of ['nixcluster.yaml', 'clusters/demo.yaml'])
    await edit(file, /__([\w-]+?)__/g, (_, name) => places[name!]!)
}

async function edit(
  file: string,
  from: string | RegExp,
  to: (whole: string, ...groups: string[]) => string,
): Promise<void> {
  const path = join(engine.home, 'fleet', file)
  await writeFile(path, (await readFile(path, 'utf8')).replace(from, to))
}

/** Pushes a branch with one change off main, and gives what its pusher sees. */
async function propose(branch: string, from: string, to: string): Promise<string> {
  await engine.sh(`git switch --quiet --create ${branch} main`, fleet)
  await edit('clusters/demo.yaml', from, () => to)
  return engine.sh(
    `git commit --quiet --all --message ${branch}
    git push --quiet origin ${branch} 2>&1
    git switch --quiet main`,
    fleet,
  )
}

test("Docker's own builder finds nothing to mend in the Dockerfile", async () => {
  await bring(dockerfileCheck)
  const check = async (input: string): Promise<string> =>
    (await execa(dockerfileCheckProgram, { input })).stdout
  expect(await check('FROM debian AS Base\nENTRYPOINT nixcluster\n')).toMatch(
    /^StageNameCasing.*\nJSONArgsRecommended/,
  )
  expect(await check(await readFile(join(root, 'Dockerfile'), 'utf8'))).toBe('')
})

test('secrets in the checkout are not given to the build, nor is anything else of this machine', async () => {
  const context = await engine.sh(
    `cp -r nixcluster context
    cd context
    mkdir -p secrets node_modules .git examples/secrets
    touch secrets/fleet-secret node_modules/x .git/config .env .npmrc id_ed25519 controller.yaml
    printf 'FROM localhost/debian\nCOPY . /context\n' |
      buildah build --quiet --isolation chroot --pull=never --file - --tag localhost/context .
    podman run --rm --network none localhost/context ls -A /context
    podman rmi localhost/context`,
  )
  expect(context.split('\n').filter((line) => !/[0-9a-f]{64}|^Untagged/.test(line))).toEqual([
    ...['CHANGELOG.md', 'README.md', 'bin', 'container', 'docs', 'package-lock.json'],
    ...['package.json', 'schemas', 'scripts', 'src', 'tsconfig.build.json', 'tsconfig.json'],
  ])
})

test('the scripts are what shellcheck wants them to be', async () => {
  expect(await engine.sh('shellcheck container/*.sh', compose)).toBe('')
})

describe('the image', () => {
  test('has what the controller runs, new enough', async () => {
    const versions = await inImage(
      'node --version; nix --version; git --version; ssh -V 2>&1; deploy --version; valkey-server --version; nixcluster --version',
    )
    expect(versions).toMatch(/^v24\./m)
    expect(versions).toMatch(/^nix \(Nix\) 2\.(1[89]|[2-9]\d)/m)
    expect(versions).toMatch(/^deploy-rs 1\.0/m)
    const own = await readFile(join(root, 'package.json'), 'utf8')
    expect(versions).toContain(`\n${(JSON.parse(own) as { version: string }).version}`)
  })

  test('is not root, and nobody in it can become root', async () => {
    expect(await inImage('id -u; id -g')).toBe('10001\n10001')
    expect(await inImage('find / -xdev -perm /6000 -type f 2>/dev/null || true')).toBe('')
  })

  test('holds no compiler, no package manager of Node and no sources', async () => {
    const found = await inImage(
      'for name in gcc cc ld make cargo rustc tsc npm npx; do command -v $name || true; done',
    )
    expect(found).toBe('')
    expect(await inImage('ls /opt/nixcluster')).toBe(
      'CHANGELOG.md\nREADME.md\nbin\ndist\ndocs\nnode_modules\npackage.json\nschemas',
    )
    expect(await inImage('ls /opt/nixcluster/node_modules')).not.toMatch(
      /typescript|vitest|^node$/m,
    )
    expect(await inImage('ls -A /var/lib/nixcluster /mnt /tmp /var/lib/apt/lists')).not.toMatch(
      /^\w/m,
    )
  })

  test('says how it is started, stopped and looked at', async () => {
    const [config] = JSON.parse(
      await engine.sh("docker inspect nixcluster --format '[{{json .Config}}]'"),
    )
    expect(config).toMatchObject({
      User: '10001:10001',
      Entrypoint: ['tini', '--', 'nixcluster'],
      Cmd: ['serve', '--config', '/etc/nixcluster/controller.yaml'],
      StopSignal: 'SIGTERM',
      Volumes: { '/nix': {}, '/var/lib/nixcluster': {} },
    })
    const size = Number(await engine.sh("docker inspect nixcluster --format '{{.Size}}'"))
    console.log(`the image has ${(size / 1e6).toFixed(0)} MB`)
    expect(size).toBeLessThan(700e6)
  })
})

/** What Docker's own profile denies containers without capabilities: to make namespaces, and to mount. */
const noNamespaces = {
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [
    { names: ['unshare', 'setns', 'mount', 'umount2', 'pivot_root'], action: 'SCMP_ACT_ERRNO' },
    // Whoever gets "no such call" goes on with clone, whose flags can be looked at.
    { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 },
    ...[0x10000000, 0x00020000].map((flag) => ({
      names: ['clone'],
      action: 'SCMP_ACT_ERRNO',
      args: [{ index: 0, value: flag, valueTwo: flag, op: 'SCMP_CMP_MASKED_EQ' }],
    })),
  ],
}

test('Nix builds into /nix, though a container may make no namespaces', async () => {
  await writeFile(join(engine.home, 'profile.json'), JSON.stringify(noNamespaces))
  const run = (script: string): Promise<string> =>
    engine.sh(
      `podman run --rm --cap-drop all --security-opt no-new-privileges --read-only --tmpfs /tmp:exec,mode=1777 \
        --security-opt seccomp=/root/profile.json --entrypoint sh nixcluster -euc "$script" 2>&1`,
      { env: { script } },
    )
  await expect(run('unshare --user true')).rejects.toThrow('Operation not permitted')
  const derivation = `derivation {
    name = "built"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo it is > $out" ];
  }`
  const built = await run(
    `nix build --option substitute false --no-link --print-out-paths --impure --expr '${derivation.replaceAll('$', '\\$')}' | xargs tail -v`,
  )
  expect(built).toMatch(/==> \/nix\/store\/\w{32}-built <==\nit is$/)
})

describe('docker-compose.yml', () => {
  test('is what Compose understands, and gives away nothing', async () => {
    const { services, networks } = JSON.parse(
      await engine.sh('docker compose config --format json', { cwd: '/root/nixcluster' }),
    ) as ComposeConfig
    for (const service of [services.controller, services.redis]) {
      expect(service).toMatchObject({
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        read_only: true,
      })
      expect(service).not.toHaveProperty('privileged')
    }
    expect(services.redis.image).toMatch(/^valkey\/valkey:[\d.]+-alpine@sha256:[0-9a-f]{64}$/)
    expect(services.redis).not.toHaveProperty('ports')
    expect(networks['redis']).toMatchObject({ internal: true })
    expect(services.controller.ports).toMatchObject([{ host_ip: '127.0.0.1' }])
    expect(services.controller.stop_grace_period).toBe('5m30s')
    expect(JSON.stringify(services.controller.environment)).not.toMatch(/secret|token|key/i)
  })
})

interface ComposeConfig {
  readonly services: Readonly<Record<'controller' | 'redis', ComposeService>>
  readonly networks: Readonly<Record<string, unknown>>
}

interface ComposeService {
  readonly image: string
  readonly ports?: readonly unknown[]
  readonly stop_grace_period?: string
  readonly environment?: unknown
}

describe('what docs/install.md says', { timeout: 300_000 }, () => {
  test('starts the controller', async () => {
    onTestFailed(story)
    expect(build).toBe('docker compose build\n')
    await engine.sh(secrets!, compose)
    expect(await engine.sh(start!, compose)).toMatch(/"ready":true.*$/)
    const publicKey = await engine.sh('cat secrets/machines-key.pub', compose)
    for (const machine of Object.values(lab.machines))
      await machine.run(`echo '${publicKey}' >> /root/.ssh/authorized_keys`)
  })

  test('the controller has no rights, and writes to its volumes alone', async () => {
    const inside = (script: string): Promise<string> =>
      engine.sh(`docker exec nixcluster sh -c '${script}' 2>&1`)
    expect(await inside('grep -E "^(CapEff|CapBnd|NoNewPrivs)" /proc/1/status')).toBe(
      'CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1',
    )
    expect(await inside('touch /opt/x /etc/x || true')).toMatch(/(Read-only file system[^]*){2}/)
    expect(await inside('cat /proc/1/comm')).toBe('tini')
  })

  test('a push finds its way, and first contact only reads the machines', async () => {
    onTestFailed(story)
    await engine.sh(
      `git init --quiet --initial-branch=main
      git config user.name Somebody; git config user.email somebody@example.com
      docker run --rm --user 0 --env HOME=/tmp --volume /root/lab:/lab --volume /root/fleet:/fleet \
        --workdir /fleet nixcluster update
      git add --all; git commit --quiet --message 'A fleet of three'`,
      fleet,
    )
    const output = await engine.sh(`(${push!}) 2>&1`, fleet)
    expect(output).toContain('nixcluster deploy')
  })

  test('a mistake is answered with its place', async () => {
    expect(await propose('mistake', 'stateVersion:', 'stateVersoin:')).toMatch(
      /clusters\/demo\.yaml:7:5.*'stateVersoin'/,
    )
  })

  test('the first deployment reaches all machines, from the container', async () => {
    onTestFailed(story)
    expect(await engine.sh(command!, compose)).toMatch(/Deployed \w{7} to 3 machines/)
    const { stdout } = await lab.machines['web1']!.run('cat /etc/motd')
    expect(stdout).toContain('Welcome to web1')
  })

  test('a branch is planned, and merging it deploys what it says', async () => {
    onTestFailed(story)
    const plan = await propose('greeting', 'Welcome to web1', 'Hello from web1')
    expect(plan).toContain('1 of 3 machines changes')
    expect(plan).toContain('/etc/motd')
    const merged = await engine.sh(
      'git merge --quiet greeting && git push --quiet origin main 2>&1',
      fleet,
    )
    expect(merged).toMatch(/Deployed \w{7} to 1 machine/)
    const { stdout } = await lab.machines['web1']!.run('cat /etc/motd')
    expect(stdout).toContain('Hello from web1')
  })

  test('webhooks can be another container, which needs no folder that it can write to', async () => {
    await engine.sh(
      `install -d webhook
      cp secrets/fleet-secret webhook
      printf '%s\\n' 'repositories: [{ name: fleet, url: /srv/git/fleet.git, secretFile: fleet-secret }]' \
        > webhook/controller.yaml
      chown -R 10001 webhook
      docker run --detach --name webhook --network nixcluster_redis --cap-drop ALL --read-only \
        --env REDIS_URL=redis://redis:6379 --volume "$PWD/webhook:/etc/nixcluster:ro" \
        nixcluster serve --role webhook --config /etc/nixcluster/controller.yaml`,
      compose,
    )
    onTestFailed(async () => console.error(await engine.sh('docker logs webhook 2>&1')))
    const ask = "fetch('http://127.0.0.1:8080/readyz').then((it) => it.text()).then(console.log)"
    await expect
      .poll(() => engine.sh(`docker exec webhook node -e "${ask}"`).catch(String), {
        timeout: 30_000,
      })
      .toContain('"ready":true')
    await engine.sh('docker stop --time 20 webhook')
    expect(await engine.sh("docker inspect webhook --format '{{.State.ExitCode}}'")).toBe('0')
    await engine.sh('docker rm --volumes webhook')
  })

  test('a Redis that loses everything is noticed by nobody', async () => {
    onTestFailed(story)
    await engine.sh('docker compose up --detach --wait --force-recreate --no-deps redis', compose)
    await expect
      .poll(() => engine.sh('curl --silent http://127.0.0.1:8080/readyz'), { timeout: 30_000 })
      .toContain('"ready":true')
    expect(await propose('again', 'Hello from web1', 'Good day from web1')).toContain('1 of 3')
  })

  test('it stops in order, and leaves nothing but its volumes', async () => {
    await engine.sh('docker compose stop', compose)
    expect(await engine.sh("docker inspect nixcluster --format '{{.State.ExitCode}}'")).toBe('0')
    await engine.sh('docker compose down', compose)
    expect(await engine.sh('docker ps --all --quiet')).toBe('')
    expect(await engine.sh('docker volume ls --quiet')).toContain('nixcluster_repositories')
    const left = await engine.sh('cat /proc/[0-9]*/comm')
    expect(left).not.toMatch(/^(node|nix|git|ssh|deploy|tini|valkey)/m)
  })
})

async function story(): Promise<void> {
  console.error(await engine.sh('docker compose logs --tail 60 2>&1', compose).catch(String))
}
