import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Machines in a cluster: like most fleets, this one has many. */
const perCluster = 100

/** The machines of a fleet of some size, as data. */
export interface BenchMachine {
  readonly label: string
  readonly cluster: string
  readonly rack: number
  readonly address: string
  readonly tags: readonly string[]
}

/** The machines that every benchmark of this size has. */
export function machinesOf(count: number): readonly BenchMachine[] {
  return Array.from({ length: count }, (_, index) => ({
    label: `m${index % perCluster}`,
    cluster: `c${Math.floor(index / perCluster)}.com`,
    rack: index % 50,
    address: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
    tags: [`rack-${index % 50}`, 'web', ...(index % 1000 === 0 ? ['front'] : [])],
  }))
}

/** Writes a repository with services over all machines, and so many machines in each file. */
export function writeFleet(
  folder: string,
  machines: readonly BenchMachine[],
  perFile: number,
): void {
  const write = (path: string, text: string): void => writeFileSync(join(folder, path), text)
  for (const name of ['clusters', 'services', 'machines'])
    mkdirSync(join(folder, name), { recursive: true })
  const clusters = new Set(machines.map(({ cluster }) => cluster.split('.')[0]!))
  write('nixcluster.yaml', head([...clusters]))
  write('services/web.nix', '{ settings, ... }: { }\n')
  write('machines/base.nix', '{ }\n')
  for (let first = 0; first < machines.length; first += perFile) {
    const documents = machines.slice(first, first + perFile).map(toDocument)
    write(`clusters/${first / perFile}.yaml`, documents.join('---\n'))
  }
}

/** What a person changes in a file between two runs. */
export const edits: ReadonlyMap<string, (text: string) => string> = new Map([
  ['a setting changed', (text) => text.replace('ip_forward: 1', 'ip_forward: 0')],
  ['an address changed', (text) => text.replace(/\[10\.[\d.]+/, '[10.200.0.1')],
  ['a new machine', (text) => `${text}---\n${toDocument(newcomer)}`],
])

/** Edits the file of some machine in the middle of the fleet; what is returned takes it back. */
export function editFleet(folder: string, edit: (text: string) => string): () => void {
  const file = join(folder, 'clusters/7.yaml')
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, edit(text))
  return () => writeFileSync(file, text)
}

const newcomer: BenchMachine = {
  ...{ label: 'newcomer', cluster: 'c0.com', rack: 1 },
  ...{ address: '10.200.0.2', tags: ['rack-1', 'web'] },
}

const head = (clusters: readonly string[]): string => `apiVersion: nixcluster/v1
kind: Project
inputs:
  nixpkgs: { url: "github:NixOS/nixpkgs/nixos-25.11" }
---
apiVersion: nixcluster/v1
kind: Domain
suffix: com
system: x86_64-linux
stateVersion: "25.11"
clusters:
${clusters.map((name) => `  ${name}: {}\n`).join('')}services:
  dns:
    selectors: [com]
    definition: { builtin: static-dns }
  web:
    selectors: ["tag:web"]
    roles: { front: ["tag:front"] }
    definition: { path: /services/web.nix }
    settings: { port: 80, fronts: !ips front }
`

/** A machine as people write it: 470 bytes. */
const toDocument = ({ label, cluster, rack, address, tags }: BenchMachine): string =>
  `apiVersion: nixcluster/v1
kind: Machine
name: ${label}.${cluster}
tags: [${tags.join(', ')}]
modules: [/machines/base.nix]
interfaces:
  eno1: { addresses: [${address}/8], gateway: 10.255.255.254 }
deployment: { sshUser: root }
data: { rack: ${rack}, row: "r${rack % 7}" }
config:
  networking.firewall.allowedTCPPorts: [22, 80, 443]
  services.nginx.enable: true
  environment.systemPackages: !nix "[ pkgs.htop ]"
  boot.kernel.sysctl: { net.ipv4.ip_forward: 1 }
`
