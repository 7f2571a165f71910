/** What stands for every port: of a trusted interface, or of a machine without a firewall. */
const all = 'all'

/** Units that keep ports closed in a way that is not read here. */
const others = /^(nftables|firewalld|ferm|shorewall6?|ufw|awall)\.service$/

/**
 * The ports that a system's firewall lets in, by the units' texts with their scripts as comments;
 * `['all']` where nothing keeps them closed. What extra rules allow to some senders only is not among them.
 */
export function portsOf(units: Readonly<Record<string, string>>): readonly string[] {
  const iptables = units['firewall.service']
  if (iptables !== undefined) return sorted(portsOfIptables(iptables))
  const nftables = units['nftables.service']
  if (nftables?.includes('table inet nixos-fw')) return sorted(portsOfNftables(nftables))
  return Object.keys(units).some((name) => others.test(name)) ? [] : [all]
}

/** As NixOS' firewall-iptables.nix writes them, a line for each port, range or trusted interface. */
function portsOfIptables(text: string): readonly string[] {
  const rules = text.matchAll(
    /^#?\s*ip(?:46|6)?tables (?:-w )?-A nixos-fw (?:-i (\S+)|-p (tcp|udp) --dport (\S+)) -j nixos-fw-accept(?: +-i (\S+))?\s*$/gm,
  )
  return [...rules].map(([, trusted, protocol, port, only]) =>
    protocol === undefined ? on(trusted!) : on(only, `${port!.replace(':', '-')}/${protocol}`),
  )
}

/** As NixOS' firewall-nftables.nix writes them: sets of ports, in the chain of what is allowed. */
function portsOfNftables(text: string): readonly string[] {
  const chain = /^#?\s*chain input-allow \{([^]*?)^#?\s*\}\s*$/m.exec(text)?.[1] ?? ''
  const rules = chain.matchAll(
    /^#?\s*(?:iifname "?([^\s"]+)"? )?(tcp|udp) dport (?:\{([^}]*)\}|(\S+)) accept\b/gm,
  )
  const trusted = /^#?\s*iifname \{([^}]*)\} accept comment "trusted interfaces"/m.exec(text)?.[1]
  return [
    ...items(trusted ?? '').map((name) => on(name.replaceAll('"', ''))),
    ...[...rules].flatMap(([, only, protocol, set, one]) =>
      items(set ?? one ?? '').map((port) => on(only, `${port}/${protocol}`)),
    ),
  ]
}

const items = (set: string): readonly string[] =>
  set
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

const on = (device: string | undefined, ports: string = all): string =>
  device === undefined ? ports : `${ports} on ${device}`

/** By number; everybody trusts the loopback. */
const sorted = (ports: readonly string[]): readonly string[] =>
  [...new Set(ports)]
    .filter((port) => port !== on('lo'))
    .sort((a, b) => Number.parseInt(a) - Number.parseInt(b) || (a < b ? -1 : 1))
