import { spawn } from 'node:child_process'
import { openSync, closeSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { extname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { ensureTools, type Tools } from '../scripts/setup.ts'
import { createNetwork, planNetwork, setLink, type Network, type Port } from './network.ts'
import { allowWatches, createGroup, killGroup } from './processes.ts'
import { registerLab, removeLab } from './registry.ts'

/** A real machine of the lab: Debian with its own systemd, sshd, network and /nix. */
export interface LabMachine {
  readonly name: string
  /** IPv4, reached from the host and from the other machines of the lab. */
  readonly address: string
  /** As in known_hosts: `ssh-ed25519 AAAA…`. */
  readonly hostKey: string
  /** Runs a shell script as root over ssh; exit code 255 when ssh itself failed. */
  run(script: string): Promise<{ stdout: string; stderr: string; exitCode: number }>
  /** Takes its network link away, and gives it back. */
  cut(): Promise<void>
  mend(): Promise<void>
  /** Shuts down in order and starts again; done when ssh answers. */
  reboot(): Promise<void>
  /** Pulls the plug; `boot` starts it again. */
  kill(): Promise<void>
  boot(): Promise<void>
}

/** Machines that were started together and see each other. */
export interface Lab {
  readonly folder: string
  /** The host, as the machines see it. */
  readonly gateway: string
  readonly identityFile: string
  /** What a controller's process needs to use the tools of the setup. */
  readonly environment: Record<string, string>
  readonly machines: Record<string, LabMachine>
  /** Ends and removes everything: processes, namespaces, links, disks. */
  stop(): Promise<void>
}

/**
 * Boots the named machines and waits until each answers on ssh; needs root.
 * What remains of a lab whose process ends without `stop`, however it ends, is removed then.
 */
export async function startLab(options: { machines: string[]; folder?: string }): Promise<Lab> {
  const tools = await ensureTools()
  await allowWatches()
  const parent = options.folder ?? join(tools.cache, 'lab/run')
  const record = await registerLab((number) => ({
    folder: join(parent, `lab-${number}`),
    network: planNetwork(number, options.machines),
  }))
  const { folder, network } = record
  const unwatch = watch(tools)
  const stop = async () => {
    await removeLab(record)
    unwatch()
  }
  try {
    await mkdir(folder, { recursive: true })
    const identityFile = join(folder, 'id_ed25519')
    const [identity] = await Promise.all([createKey(identityFile), createNetwork(network)])
    const site: Site = { folder, network, tools, identity, identityFile }
    const machines = await Promise.all(options.machines.map((name) => startMachine(site, name)))
    return {
      folder,
      gateway: network.gateway,
      identityFile,
      environment: { PATH: tools.path, HOME: homedir(), ...tools.environment },
      machines: Object.fromEntries(machines.map((machine) => [machine.name, machine])),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** What the machines of a lab have in common. */
interface Site {
  readonly folder: string
  readonly network: Network
  readonly tools: Tools
  readonly identity: string
  readonly identityFile: string
}

async function startMachine(site: Site, name: string): Promise<LabMachine> {
  const port = site.network.ports[name]!
  const { address } = port
  const disk = join(site.folder, name)
  const hostKey = await writeDisk(site, name, disk)
  const log = join(disk, 'console.log')
  const knownHosts = join(disk, 'known_hosts')
  await writeFile(knownHosts, `${address} ${hostKey}\n`)
  let power = boot(site, name, disk, port)

  const run = async (script: string) => {
    const flags = [
      ['-F', 'none'],
      ['-i', site.identityFile],
      ['-o', `UserKnownHostsFile=${knownHosts}`],
      ['-o', 'BatchMode=yes'],
      ['-o', 'ConnectTimeout=5'],
      ['-o', 'ServerAliveInterval=5'],
    ].flat()
    const { stdout, stderr, exitCode } = await execa(
      'ssh',
      [...flags, `root@${address}`, 'sh', '-s'],
      { input: script, reject: false },
    )
    return { stdout, stderr, exitCode: exitCode ?? 255 }
  }
  const machine: LabMachine = {
    name,
    address,
    hostKey,
    run,
    cut: () => setLink(port, 'down'),
    mend: () => setLink(port, 'up'),
    async reboot() {
      const bootId = async () => (await run('cat /proc/sys/kernel/random/boot_id')).stdout
      const before = await bootId()
      const { exitCode, stderr } = await run('systemctl reboot')
      if (before === '' || (exitCode !== 0 && !stderr.includes('closed')))
        throw new Error(`rebooting ${name}: ${stderr}`)
      while (['', before].includes(await bootId())) await answer(run, power, log)
    },
    async kill() {
      await killGroup(port.namespace)
      await power
    },
    async boot() {
      power = boot(site, name, disk, port)
      await answer(run, power, log)
    },
  }
  await answer(run, power, log)
  return machine
}

/** Runs nspawn on the machine's disk, again after each reboot, until the machine is off. */
async function boot({ tools }: Site, name: string, disk: string, port: Port): Promise<void> {
  const groups = await createGroup(port.namespace)
  const root = join(disk, 'root')
  const layers = `lowerdir=${tools.baseImage},upperdir=${join(disk, 'upper')},workdir=${join(disk, 'work')}`
  // The disk is mounted where only this process sees it, so nothing has to be unmounted; so is
  // the folder in which nspawn would leave its locks.
  const script = [
    'set -e',
    ...groups.map((group) => `echo $$ > ${quote(`${group}/cgroup.procs`)}`),
    `mount -t overlay overlay -o ${quote(layers)} ${quote(root)}`,
    'mkdir -p /run/systemd/nspawn && mount -t tmpfs tmpfs /run/systemd/nspawn',
    `exec systemd-nspawn --keep-unit --register=no --quiet --settings=no --link-journal=no \\
      --resolv-conf=off --timezone=off --console=read-only -M ${quote(port.namespace)} \\
      --hostname=${quote(name)} --network-namespace-path=${quote(`/run/netns/${port.namespace}`)} \\
      --capability=CAP_NET_ADMIN \\
      -D ${quote(root)} -b`,
  ].join('\n')
  const log = openSync(join(disk, 'console.log'), 'a')
  const powerOn = () =>
    new Promise<number | null>((resolve, reject) =>
      spawn('unshare', ['--mount', 'sh', '-c', script], {
        detached: true,
        stdio: ['ignore', log, log],
        env: { PATH: tools.path },
      })
        .once('error', reject)
        .once('close', resolve),
    )
  try {
    while ((await powerOn()) === rebooting);
  } finally {
    closeSync(log)
  }
}

/** What nspawn ends with when the system inside asks for a reboot. */
const rebooting = 133

/** Writes what distinguishes a machine over the base image, and gives its host key. */
async function writeDisk(site: Site, name: string, disk: string): Promise<string> {
  const etc = join(disk, 'upper/etc')
  const ssh = join(disk, 'upper/root/.ssh')
  for (const folder of [join(disk, 'root'), join(disk, 'work'), join(etc, 'ssh')])
    await mkdir(folder, { recursive: true })
  await mkdir(join(disk, 'upper/root'), { mode: 0o700 })
  await mkdir(ssh, { mode: 0o700 })
  const hosts = Object.entries(site.network.ports).map(([host, port]) => `${port.address} ${host}`)
  await writeFile(join(ssh, 'authorized_keys'), `${site.identity}\n`, { mode: 0o600 })
  await writeFile(join(etc, 'hostname'), `${name}\n`)
  await writeFile(join(etc, 'hosts'), `127.0.0.1 localhost\n${hosts.join('\n')}\n`)
  // Without an id of its own systemd would take this for a first boot and enable every unit.
  await writeFile(join(etc, 'machine-id'), `${crypto.randomUUID().replaceAll('-', '')}\n`)
  return createKey(join(etc, 'ssh/ssh_host_ed25519_key'))
}

/** Waits until ssh works; the machine must not go off meanwhile. */
async function answer(run: LabMachine['run'], off: Promise<void>, log: string): Promise<void> {
  let isOff = false
  const end = () => void (isOff = true)
  off.then(end, end)
  const deadline = Date.now() + 90_000
  for (;;) {
    const { exitCode, stderr } = await run('true')
    if (exitCode === 0) return
    if (isOff || Date.now() > deadline) {
      const last = (await readFile(log, 'utf8')).split('\n').slice(-15).join('\n')
      throw new Error(`the machine ${isOff ? 'went off' : 'does not answer'}: ${stderr}\n${last}`)
    }
    await sleep(50)
  }
}

async function createKey(file: string): Promise<string> {
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', file])
  return (await readFile(`${file}.pub`, 'utf8')).trim()
}

/** Leaves a process behind which removes the lab when this one ends without doing so. */
function watch(tools: Tools): () => void {
  const clean = join(import.meta.dirname, `clean${extname(import.meta.filename)}`)
  const waiting = spawn(
    'sh',
    ['-c', 'read -r end; test "$end" = stopped || exec "$0" "$1" --ended', process.execPath, clean],
    { detached: true, stdio: ['pipe', 'ignore', 'ignore'], env: { PATH: tools.path } },
  )
  waiting.unref()
  return () => waiting.stdin.end('stopped\n')
}

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`
