import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { cache } from '../../scripts/cache.ts'
import { containerEngine, debianTree, engineTree } from '../../scripts/container-engine.ts'
import { bring } from '../../scripts/tool.ts'

/** A machine with Docker's client and Compose in front of podman, in namespaces of its own. */
export interface Engine {
  /** Its /root, as seen from here. */
  readonly home: string
  /** Runs a script of sh as root on that machine; what it writes comes back, in order. Throws when it fails. */
  sh(script: string, options?: RunOptions): Promise<string>
  /** Gives it an address on a bridge of this machine. */
  plug(bridge: string, address: string): Promise<void>
  /** Ends everything that runs there, and removes its containers, images and volumes. */
  close(): Promise<void>
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** This machine's network in place of its own, to reach archives and registries. */
  readonly outside?: boolean
}

const folder = join(cache, 'container')
const storage = join(folder, `run-${process.pid}`)

/** Gives the engine a root, a network and nothing of the host but the folders that are named. */
const boot = `set -eu
# containers/storage mounts its root anew, so that has to be a mount.
mount --bind "$tree" "$tree"
mount -t proc proc "$tree/proc"
mount -t sysfs sysfs "$tree/sys"
mount -t cgroup2 cgroup2 "$tree/sys/fs/cgroup"
mount -o remount,bind,ro "$tree/sys/fs/cgroup"
mount --rbind /dev "$tree/dev"
mount -t tmpfs tmpfs "$tree/run"
mkdir -p "$tree/var/lib/containers" "$tree/etc/containers/networks"
mount --bind "$storage/containers" "$tree/var/lib/containers"
mount --bind "$storage/home" "$tree/root"
mount --bind "$scratch" "$tree/var/tmp"
mount --bind "$debian" "$tree/mnt"
cp "$storage/containers.conf" "$tree/run/containers.conf"
cat /etc/resolv.conf > "$tree/etc/resolv.conf"
mount -t tmpfs tmpfs "$tree/etc/containers/networks"
cd "$tree"
# With chroot alone, whoever enters a container later would find this machine's root.
pivot_root . media
umount -l /media
ip link set lo up
# The shell that waits is the first process of its namespace, and takes in what others leave.
exec env -i $variables sh -c 'podman system service --time=0 unix:///run/podman.sock & wait'
`

const variables = {
  PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
  CONTAINERS_CONF_OVERRIDE: '/run/containers.conf',
  DOCKER_HOST: 'unix:///run/podman.sock',
  PODMAN_IGNORE_CGROUPSV1_WARNING: '1',
}

/** Starts the engine, empty. */
export async function startEngine(): Promise<Engine> {
  await bring(containerEngine)
  await removeLeftovers()
  const scratch = join(folder, 'scratch')
  const home = join(storage, 'home')
  for (const path of [join(storage, 'containers'), home, scratch])
    await mkdir(path, { recursive: true })
  await writeFile(join(storage, 'containers.conf'), await settings())
  const process_ = execa(
    'unshare',
    ['--mount', '--pid', '--net', '--fork', '--kill-child', 'sh', '-c', boot],
    {
      env: {
        ...{ tree: engineTree, debian: debianTree, storage, scratch },
        variables: Object.entries(variables)
          .map(([name, value]) => `${name}=${value}`)
          .join(' '),
      },
      ...{ stdin: 'ignore', stdout: 'ignore', stderr: { file: join(storage, 'engine.log') } },
      reject: false,
    },
  )
  const inside = await childOf(process_.pid!)
  const enter = (outside = false): string[] =>
    ['--target', inside, '--mount', '--pid'].concat(outside ? [] : ['--net'])
  const engine: Engine = {
    home,
    async sh(script, { cwd = '/root', env = {}, outside } = {}) {
      const given = Object.entries({ ...variables, ...env }).map(
        ([name, value]) => `${name}=${value}`,
      )
      const { all } = await execa(
        'nsenter',
        [...enter(outside), 'env', '-i', `--chdir=${cwd}`, ...given, 'sh', '-euc', script],
        { all: true, stdin: 'ignore' },
      )
      return all
    },
    async plug(bridge, address) {
      const link = `engine${inside}`
      const ends = ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'lab', 'netns', inside]
      await execa('ip', ends)
      await execa('ip', ['link', 'set', link, 'master', bridge, 'up'])
      await engine.sh(`ip address add ${address} dev lab; ip link set lab up`)
    },
    async close() {
      process_.kill('SIGKILL')
      await process_
      await rm(storage, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  for (let tries = 0; ; tries++) {
    const answer = await engine.sh('docker version').catch((error: Error) => error)
    if (!(answer instanceof Error)) return engine
    if (tries > 50) {
      await engine.close()
      throw answer
    }
    await sleep(100)
  }
}

/** What a killed test left: its engine died with it, its folder did not. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = /^run-(\d+)$/.exec(name)?.[1]
    if (pid !== undefined && (pid === String(process.pid) || !existsSync(`/proc/${pid}`)))
      await rm(join(folder, name), { recursive: true, force: true })
  }
}

/** Limits are those that this machine gives; control groups are not ours to make. */
async function settings(): Promise<string> {
  const limits = await readFile('/proc/self/limits', 'utf8')
  const ulimit = (name: string, words: string): string =>
    `"${name}=${new RegExp(`^${words} +\\S+ +(\\d+)`, 'm').exec(limits)?.[1] ?? '-1'}"`
  return `[containers]
cgroups = "disabled"
pids_limit = 0
default_ulimits = [${ulimit('nofile', 'Max open files')}, ${ulimit('nproc', 'Max processes')}]
[engine]
events_logger = "file"
`
}

async function childOf(pid: number): Promise<string> {
  for (let tries = 0; tries < 100; tries++) {
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
    if (children.trim() !== '') return children.trim()
    await sleep(20)
  }
  throw new Error(`the engine did not start: ${join(storage, 'engine.log')}`)
}
