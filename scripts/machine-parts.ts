import { existsSync } from 'node:fs'
import { execa } from 'execa'
import { which } from './cache.ts'
import type { Tool } from './tool.ts'

/** The commands and files that machines of the lab need, and the package of Debian and Ubuntu that has each. */
const parts: Record<string, string> = {
  'systemd-nspawn': 'systemd-container',
  debootstrap: 'debootstrap',
  ip: 'iproute2',
  iptables: 'iptables',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  unshare: 'util-linux',
  mount: 'mount',
  '/usr/share/keyrings/debian-archive-keyring.gpg': 'debian-archive-keyring',
}

const isThere = (part: string): boolean =>
  part.startsWith('/') ? existsSync(part) : which(part) !== undefined
const missing = (): string[] => Object.keys(parts).filter((part) => !isThere(part))
const packages = (): string[] => [...new Set(missing().map((name) => parts[name]!))]

/** What the host itself needs to boot machines; the one part that is installed on the system. */
export const machineParts: Tool = {
  name: 'machines',
  get plan() {
    return `by apt, on the system: ${packages().join(', ')} (20 s)`
  },
  isReady: () => Promise.resolve(missing().length === 0),
  async obstacle() {
    if (which('apt-get') === undefined)
      return `machines of the lab need ${missing().join(', ')}: install them`
    if (process.getuid?.() !== 0)
      return `machines of the lab need root: run this as root, or \`sudo apt-get install ${packages().join(' ')}\``
    return undefined
  },
  async install() {
    const env = { DEBIAN_FRONTEND: 'noninteractive' }
    const apt = (...words: string[]) => execa('apt-get', words, { env, stdin: 'ignore' })
    const install = () => apt('install', '-y', '--no-install-recommends', ...packages())
    // Without package lists, or with old ones, the first attempt finds nothing to download.
    await install().catch(async () => {
      await apt('update').catch(() => undefined)
      await install()
    })
  },
}
