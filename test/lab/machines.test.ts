import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startLab, type Lab, type LabMachine } from '../../lab/machines.ts'

let lab: Lab
let web: LabMachine
let data: LabMachine

beforeAll(async () => {
  lab = await startLab({ machines: ['web.example.com', 'data.example.com'] })
  web = lab.machines['web.example.com']!
  data = lab.machines['data.example.com']!
})
afterAll(() => lab.stop())

const bootId = async (machine: LabMachine): Promise<string> =>
  (await machine.run('cat /proc/sys/kernel/random/boot_id')).stdout

async function ssh(hostKey: string, words: string[]) {
  const knownHosts = join(lab.folder, 'known_hosts')
  await writeFile(knownHosts, `${web.address} ${hostKey}\n`)
  const flags = [
    ...['-F', 'none', '-i', lab.identityFile, '-o', 'BatchMode=yes'],
    ...['-o', `UserKnownHostsFile=${knownHosts}`, '-o', 'StrictHostKeyChecking=yes'],
  ]
  return execa('ssh', [...flags, `root@${web.address}`, ...words], { reject: false })
}

test('a machine is a whole system under its own name', async () => {
  const { stdout } = await web.run('hostname; systemctl is-system-running')
  expect(stdout).toBe('web.example.com\nrunning')
})

test('ssh trusts a machine by its key and no other', async () => {
  expect((await ssh(web.hostKey, ['hostname'])).stdout).toBe('web.example.com')
  expect((await ssh(data.hostKey, ['hostname'])).stderr).toContain('verification failed')
})

test('machines see each other and the host', async () => {
  const host = createServer((socket) => socket.end('host')).listen(0, lab.gateway)
  await once(host, 'listening')
  const { port } = host.address() as AddressInfo
  const read = (address: string, port: number) =>
    `timeout 5 bash -c 'exec 3<>/dev/tcp/${address}/${port}; head -c 4 <&3'`
  expect((await web.run(read('data.example.com', 22))).stdout).toBe('SSH-')
  expect((await web.run(read(lab.gateway, port))).stdout).toBe('host')
  host.close()
})

test('a service of a machine restarts alone', async () => {
  const processes = () => data.run('systemctl show -p MainPID --value dbus.service')
  const before = await processes()
  await web.run('systemctl restart dbus.service ssh.service')
  expect((await processes()).stdout).toBe(before.stdout)
})

test('a machine that is cut off cannot be reached until its link is mended', async () => {
  await web.cut()
  expect((await web.run('hostname')).exitCode).toBe(255)
  await web.mend()
  expect((await web.run('hostname')).stdout).toBe('web.example.com')
})

test('a reboot is a new boot of the same disk', async () => {
  await web.run('echo kept > /etc/kept')
  const before = await bootId(web)
  await web.reboot()
  expect((await web.run('cat /etc/kept')).stdout).toBe('kept')
  expect(await bootId(web)).not.toBe(before)
})

test('a machine whose plug was pulled starts again', async () => {
  await web.kill()
  expect((await web.run('hostname')).exitCode).toBe(255)
  await web.boot()
  expect((await web.run('hostname')).stdout).toBe('web.example.com')
})

test('at boot the default system is activated before ssh answers', async () => {
  await data.run(`mkdir /system && ln -s /system /boot/default
printf '#!/bin/sh\\nsystemctl start systemd-journald; echo activated > /run/activated\\n' > /system/activate
chmod +x /system/activate`)
  await data.reboot()
  const { stdout } = await data.run('cat /run/activated; readlink /run/booted-system')
  expect(stdout).toBe('activated\n/system')
})

test('two labs do not meet, and a stopped one leaves nothing behind', async () => {
  const other = await startLab({ machines: ['web.example.com'] })
  const twin = other.machines['web.example.com']!
  expect(twin.address).not.toBe(web.address)
  expect(await bootId(twin)).not.toBe(await bootId(web))
  await other.stop()
  expect(existsSync(other.folder)).toBe(false)
  expect(await traces(other)).toEqual([])
  expect((await web.run('hostname')).stdout).toBe('web.example.com')
})

test('a lab whose process is killed is removed', async () => {
  const script = `
    import { startLab } from './lab/machines.ts'
    const { folder, gateway } = await startLab({ machines: ['lost'] })
    console.log(JSON.stringify({ folder, gateway }))
    process.kill(process.pid, 'SIGKILL')`
  const { stdout } = await execa(
    process.execPath,
    ['--input-type=module-typescript', '-e', script],
    {
      reject: false,
    },
  )
  const lost: Lab = JSON.parse(stdout)
  await expect.poll(() => traces(lost), { timeout: 20_000 }).toEqual([])
})

/** What the system still has of a lab: processes, mounts, namespaces, links, addresses, files. */
async function traces({ folder, gateway }: Lab): Promise<string[]> {
  const bridge = `nclab${gateway.split('.')[2]}`
  const lists = await Promise.all([
    execa('ps', ['-eo', 'args']),
    execa('findmnt', ['-rno', 'TARGET']),
    execa('ip', ['netns']),
    execa('ip', ['-br', 'link']),
    execa('ip', ['-br', 'addr']),
    readdir('/run/nixcluster-lab').then((names) => ({ stdout: names.join('\n') })),
    readdir(join(folder, '..')).then((names) => ({ stdout: names.join('\n') })),
  ])
  return lists
    .flatMap(({ stdout }) => stdout.split('\n'))
    .filter(
      (line) => line.includes(folder) || line.includes(`${bridge}-`) || line.startsWith(bridge),
    )
}
