import { existsSync, readFileSync } from 'node:fs'
import { execa } from 'execa'

/** The network of one lab: a bridge on the host, and below it one namespace for each machine. */
export interface Network {
  readonly bridge: string
  readonly gateway: string
  /** By machine: its namespace, its address, and the host's end of its link. */
  readonly ports: Record<string, Port>
}

export interface Port {
  readonly namespace: string
  readonly address: string
  readonly link: string
}

/** Names the parts of a lab's network; `lab` is its number, 1 to 254. */
export function planNetwork(lab: number, machines: string[]): Network {
  const bridge = `nclab${lab}`
  const ports = machines.map((name, index): [string, Port] => [
    name,
    {
      namespace: `${bridge}-${name}`,
      address: `10.231.${lab}.${10 + index}`,
      link: `${bridge}-${index}`,
    },
  ])
  return { bridge, gateway: `10.231.${lab}.1`, ports: Object.fromEntries(ports) }
}

/** Makes the bridge, and for each machine a namespace in which eth0 has its address. */
export async function createNetwork({ bridge, gateway, ports }: Network): Promise<void> {
  await ip([
    `link add ${bridge} type bridge`,
    `addr add ${gateway}/24 dev ${bridge}`,
    `link set ${bridge} up`,
    ...Object.values(ports).flatMap(({ namespace, link }) => [
      `netns add ${namespace}`,
      `link add ${link} type veth peer name eth0 netns ${namespace}`,
      `link set ${link} master ${bridge} up`,
    ]),
  ])
  await Promise.all(
    Object.values(ports).map(({ namespace, address }) =>
      ip(
        [
          'link set lo up',
          `addr add ${address}/24 dev eth0`,
          'link set eth0 up',
          `route add default via ${gateway}`,
        ],
        '-netns',
        namespace,
      ),
    ),
  )
  if (bridgesAreFiltered()) await execa('iptables', ['-I', ...passage(bridge)])
}

/** Removes all of it; parts that are gone already do not matter. */
export async function removeNetwork({ bridge, ports }: Network): Promise<void> {
  for (const { namespace } of Object.values(ports))
    await execa('ip', ['netns', 'delete', namespace], { reject: false })
  // A link outlives its namespace for a moment; removing the host's end takes both away now.
  for (const { link } of Object.values(ports))
    await execa('ip', ['link', 'delete', link], { reject: false })
  await execa('ip', ['link', 'delete', bridge], { reject: false })
  if (bridgesAreFiltered()) await execa('iptables', ['-D', ...passage(bridge)], { reject: false })
}

/** Sets the host's end of a machine's link up or down. */
export async function setLink({ link }: Port, state: 'up' | 'down'): Promise<void> {
  await ip([`link set ${link} ${state}`])
}

/** Hosts with Docker drop what passes a bridge unless a rule lets it through. */
const passage = (bridge: string): string[] => [
  'FORWARD',
  '-i',
  bridge,
  '-o',
  bridge,
  '-j',
  'ACCEPT',
  '-w',
]

function bridgesAreFiltered(): boolean {
  const file = '/proc/sys/net/bridge/bridge-nf-call-iptables'
  return existsSync(file) && readFileSync(file, 'utf8').trim() === '1'
}

async function ip(commands: string[], ...options: string[]): Promise<void> {
  await execa('ip', [...options, '-batch', '-'], { input: `${commands.join('\n')}\n` })
}
