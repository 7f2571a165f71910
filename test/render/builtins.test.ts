import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { examples } from '../compile/documented.ts'
import { folderOf } from './nix.ts'
import { configOf, demo, flake } from './yaml-fleet.ts'

const host = (label: string, address: string, more = ''): string =>
  `      ${label}: { interfaces: { eth0: { addresses: [${address}/24] } }${more} }\n`

test('static-dns writes the names of other hosts too, under their names in services', () => {
  const evaluate = flake(
    demo(`
    services:
      dns: { selectors: [vm0], definition: { builtin: static-dns }, settings: { names: [vm1, -vm2], aliases: { gate: !ip vm0 } } }
      store: { roles: { member: [vm1] } }
    machines:
${host('vm0', '10.0.0.10')}${host('vm1', '10.0.0.11')}${host('vm2', '10.0.0.12')}`),
  )
  const hosts = evaluate(...configOf('vm0', 'networking.hosts')) as Record<string, string[]>
  expect(hosts['10.0.0.11']).toEqual([
    ...['vm1.demo.lab', 'vm1', 'eth0.vm1', 'store', 'vm1.store', 'member.store'],
    ...['eth0.vm1.demo.lab', 'store.demo.lab', 'vm1.store.demo.lab', 'member.store.demo.lab'],
  ])
  expect(hosts['10.0.0.10']?.at(-1)).toBe('gate')
  expect(hosts).not.toHaveProperty('10.0.0.12')
  expect(evaluate(...configOf('vm1', 'builtins.attrNames networking.hosts'))).toEqual(['127.0.0.2'])
})

test('known-hosts writes the keys of those that have one, for names and addresses, at their port', () => {
  const evaluate = flake(
    demo(`
    services:
      ssh: { selectors: [vm0, vm1, vm2], definition: { builtin: known-hosts } }
    machines:
${host('vm0', '10.0.0.10', ', deployment: { hostKey: ssh-ed25519 AAAA0 }')}${host('vm1', '10.0.0.11', ', deployment: { hostKey: ssh-ed25519 AAAA1, port: 2222 }')}${host('vm2', '10.0.0.12')}`),
  )
  const known = evaluate(
    ...configOf(
      'vm2',
      'builtins.mapAttrs (_: each: { inherit (each) hostNames publicKey; }) programs.ssh.knownHosts',
    ),
  ) as Record<string, { hostNames: string[]; publicKey: string }>
  expect(known).toEqual({
    'vm0.demo.lab': {
      hostNames: [
        ...['vm0.demo.lab', 'eth0.vm0.demo.lab', 'ssh.demo.lab', 'vm0.ssh.demo.lab'],
        ...['vm0', 'eth0.vm0', 'ssh', 'vm0.ssh', '10.0.0.10'],
      ],
      publicKey: 'ssh-ed25519 AAAA0',
    },
    'vm1.demo.lab': {
      hostNames: expect.arrayContaining(['[vm1]:2222', '[10.0.0.11]:2222']),
      publicKey: 'ssh-ed25519 AAAA1',
    },
  })
  const text = evaluate(...configOf('vm2', 'environment.etc."ssh/ssh_known_hosts".text')) as string
  const file = join(folderOf([['known_hosts', text]]), 'known_hosts')
  const find = (name: string) =>
    spawnSync('ssh-keygen', ['-F', name, '-f', file], { encoding: 'utf8' }).stdout
  expect(find('vm0')).toContain('AAAA0')
  expect(find('[10.0.0.11]:2222')).toContain('AAAA1')
  expect(find('10.0.0.11')).toBe('')
})

test('wireguard-mesh makes every other member a peer', () => {
  const evaluate = flake(
    demo(`
    services:
      mesh:
        roles:
          member:
            selectors: [vm0, vm1, vm2]
            settings: { vm1: { publicKey: key1, addresses: [10.100.0.2/24, "fd10::2/64"], endpoint: null } }
          phone: { selectors: [vm3], runs: false, settings: { vm3: { publicKey: key3, addresses: [10.100.0.4/24] } } }
        definition: { builtin: wireguard-mesh }
        settings: { privateKeyFile: /run/secrets/wg, persistentKeepalive: 25 }
    machines:
      vm0:
        interfaces:
          eth0: { addresses: ["fd00::10/64"], primary: true }
          wg0: { addresses: [10.100.0.1/24], configure: false }
        data: { wireguard: { publicKey: key0, allowedIPs: [192.168.9.0/24] } }
      vm1: { interfaces: { eth0: { addresses: [10.0.0.11/24] } } }
      vm2:
        interfaces: { eth0: { addresses: [10.0.0.12/24], primary: true }, wg0: { addresses: [10.100.0.3/24], configure: false } }
        data: { wireguard: { publicKey: key2, port: 4000 } }
      vm3: { interfaces: { eth0: { dhcp: true } } }
`),
  )
  const peer = (publicKey: string, allowedIPs: string[], endpoint: string | null) => ({
    publicKey,
    allowedIPs,
    endpoint,
    persistentKeepalive: 25,
  })
  expect(
    evaluate(
      ...configOf(
        'vm2',
        `{
          inherit (networking.wireguard.interfaces.wg0) ips listenPort privateKeyFile;
          peers = map (peer: { inherit (peer) publicKey allowedIPs endpoint persistentKeepalive; }) networking.wireguard.interfaces.wg0.peers;
          ports = networking.firewall.allowedUDPPorts;
          devices = builtins.attrNames networking.interfaces;
        }`,
      ),
    ),
  ).toEqual({
    ips: ['10.100.0.3/24'],
    listenPort: 4000,
    privateKeyFile: '/run/secrets/wg',
    peers: [
      peer('key0', ['10.100.0.1/32', '192.168.9.0/24'], '[fd00::10]:51820'),
      peer('key1', ['10.100.0.2/32', 'fd10::2/128'], null),
      peer('key3', ['10.100.0.4/32'], null),
    ],
    ports: [4000],
    devices: ['eth0'],
  })
})

test('k3s begins at its first server, and the others join there', () => {
  const evaluate = flake(
    demo(`
    services:
      k3s:
        roles:
          server: [vm1, vm0]
          agent: { selectors: [vm2], settings: { vm2: { extraFlags: [--node-label=disk=ssd] } } }
        definition: { builtin: k3s }
        settings: { tokenFile: /run/secrets/k3s, disable: [traefik] }
    machines:
${host('vm0', '10.0.0.10')}${host('vm1', '10.0.0.11')}${host('vm2', '10.0.0.12')}`),
  )
  const seen = (machine: string) =>
    evaluate(
      ...configOf(
        machine,
        '{ inherit (services.k3s) role clusterInit serverAddr tokenFile extraFlags; ports = networking.firewall.allowedTCPPorts; wrong = builtins.filter (each: !each.assertion) assertions; }',
      ),
    )
  const same = { tokenFile: '/run/secrets/k3s', wrong: [] }
  expect(seen('vm1')).toEqual({
    ...same,
    role: 'server',
    clusterInit: true,
    serverAddr: '',
    extraFlags: ['--node-ip=10.0.0.11', '--disable=traefik'],
    ports: [2379, 2380, 6443, 10250],
  })
  expect(seen('vm0')).toMatchObject({
    role: 'server',
    clusterInit: false,
    serverAddr: 'https://10.0.0.11:6443',
  })
  expect(seen('vm2')).toEqual({
    ...same,
    role: 'agent',
    clusterInit: false,
    serverAddr: 'https://10.0.0.11:6443',
    extraFlags: ['--node-ip=10.0.0.12', '--node-label=disk=ssd'],
    ports: [10250],
  })
})

test('node-exporter lets in whom it is told to, by either firewall', () => {
  const evaluate = flake(
    demo(`
    services:
      exporter:
        selectors: [vm0, vm1]
        definition: { builtin: node-exporter }
        settings: { enabledCollectors: [systemd], allowFrom: [vm2, 192.168.0.0/16, "fd00::/8"] }
    machines:
${host('vm0', '10.0.0.10')}${host('vm1', '10.0.0.11', ', config: { networking.nftables.enable: true }')}${host('vm2', '10.0.0.12')}`),
  )
  const seen = (machine: string) =>
    evaluate(
      ...configOf(
        machine,
        '{ inherit (services.prometheus.exporters.node) enable port enabledCollectors openFirewall; inherit (networking.firewall) extraCommands extraInputRules; }',
      ),
    )
  const same = { enable: true, port: 9100, enabledCollectors: ['systemd'], openFirewall: false }
  expect(seen('vm0')).toEqual({
    ...same,
    extraCommands: `iptables -A nixos-fw -p tcp -s 10.0.0.12,192.168.0.0/16 --dport 9100 -j nixos-fw-accept
ip6tables -A nixos-fw -p tcp -s fd00::/8 --dport 9100 -j nixos-fw-accept
`,
    extraInputRules: '',
  })
  expect(seen('vm1')).toEqual({
    ...same,
    extraCommands: '',
    extraInputRules: `ip saddr { 10.0.0.12, 192.168.0.0/16 } tcp dport 9100 accept
ip6 saddr { fd00::/8 } tcp dport 9100 accept
`,
  })
})

test('the example of the documents evaluates', () => {
  const evaluate = flake(examples.find((text) => text.includes('wireguard-mesh'))!)
  const seen = evaluate(
    'nixosConfigurations',
    `machines: map (name: with machines.\${name + ".example.com"}.config; [
      services.k3s.role
      (map (peer: peer.allowedIPs) (networking.wireguard.interfaces.wg0.peers or [ ]))
      (builtins.attrNames programs.ssh.knownHosts)
      networking.hosts."10.1.0.2"
      networking.firewall.extraCommands
    ]) [ "vm0" "vm3" ]`,
  )
  const known = [
    ['vm0.example.com'],
    ['nas.home.com', 'nas.home', 'eth0.nas.home', 'eth0.nas.home.com'],
    expect.stringContaining('-s 10.1.0.2,10.9.0.0/16 --dport 9100') as string,
  ]
  expect(seen).toEqual([
    ['server', [['10.100.0.2/32']], ...known],
    ['agent', [], ...known],
  ])
})

test('a virtual host gets them inside, and the others know it by its names', () => {
  const evaluate = flake(
    demo(`
    services:
      dns: { selectors: [demo.lab], definition: { builtin: static-dns } }
      exporter: { selectors: [web.vm0], definition: { builtin: node-exporter }, settings: { allowFrom: [vm1] } }
      probe: { selectors: [web.vm0], definition: { path: /services/probe.nix } }
    machines:
      vm0:
        interfaces: { eth0: { addresses: [10.0.0.10/24] }, br0: { bridge: { interfaces: [eth1] } } }
        virtualHosts: { web: { type: nixos-container, network: { bridge: br0 }, addresses: [10.0.0.22/24] } }
      vm1: { interfaces: { eth0: { addresses: [10.0.0.11/24] } } }
`),
    {
      'services/probe.nix':
        '{ resolve, this, ... }: { environment.etc.seen.text = builtins.toJSON [ this.machine (resolve "vm1").ips (resolve "web.vm0").nameToIps ]; }',
    },
  )
  expect(
    evaluate(
      ...configOf(
        'vm0',
        `with containers.web.config; [
          networking.hosts."10.0.0.11"
          services.prometheus.exporters.node.enable
          networking.firewall.extraCommands
          (builtins.fromJSON environment.etc.seen.text)
        ]`,
      ),
    ),
  ).toEqual([
    ['vm1.demo.lab', 'vm1', 'eth0.vm1', 'dns', 'vm1.dns', ...tail('vm1')],
    true,
    'iptables -A nixos-fw -p tcp -s 10.0.0.11 --dport 9100 -j nixos-fw-accept\n',
    [
      'vm0.demo.lab',
      ['10.0.0.11'],
      Object.fromEntries(
        [
          ...['web.vm0.demo.lab', 'eth0.web.vm0.demo.lab', 'dns.demo.lab', 'web.dns.demo.lab'],
          ...['exporter.demo.lab', 'web.exporter.demo.lab', 'probe.demo.lab', 'web.probe.demo.lab'],
        ].map((name) => [name, ['10.0.0.22']]),
      ),
    ],
  ])
  const hosts = evaluate(...configOf('vm1', 'networking.hosts')) as Record<string, string[]>
  expect(hosts['10.0.0.22']?.slice(0, 3)).toEqual(['web.vm0.demo.lab', 'web.vm0', 'eth0.web.vm0'])
})

const tail = (host: string): string[] =>
  [`eth0.${host}`, 'dns', `${host}.dns`].map((name) => `${name}.demo.lab`)
