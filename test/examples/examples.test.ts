import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openExample, type Example } from './example.ts'
import { digests, golden, ownFiles } from './golden.ts'

/** Opens an example for the tests of a block, and says nothing wrong of it. */
function using(name: string): { readonly it: Example } {
  const opened: { it: Example } = {} as never
  beforeAll(async () => {
    opened.it = await openExample(name)
  }, 60_000)
  afterAll(() => opened.it?.remove())
  test('validates without a complaint', () => expect(opened.it.diagnostics).toEqual([]))
  return opened
}

function rendersAsBefore(name: string, example: { readonly it: Example }): void {
  test('renders as before, byte for byte', () => {
    const files = ownFiles(example.it.rendered)
    expect(Object.fromEntries(files)).toEqual(Object.fromEntries(golden(name, files)))
  })
}

describe('home-lab', { timeout: 60_000 }, () => {
  const home = using('home-lab')
  rendersAsBefore('home-lab', home)

  test('every machine finds the others by name, the printer too', () => {
    const hosts = home.it.configOf('desk.home.internal', 'networking.hosts') as Record<
      string,
      string[]
    >
    expect(hosts['192.168.178.10']).toEqual(
      expect.arrayContaining(['nas.home.internal', 'nas', 'files']),
    )
    expect(hosts['fd00::10']).toEqual(expect.arrayContaining(['nas.home.internal', 'nas']))
    expect(hosts['10.10.0.1']).toEqual(['storage.nas.home.internal', 'storage.nas'])
    expect(hosts['192.168.178.30']).toEqual(expect.arrayContaining(['printer', 'print']))
  })

  test('levels and modules come together on the NAS', () => {
    expect(
      home.it.configOf(
        'nas.home.internal',
        `{
          ports = networking.firewall.allowedTCPPorts;
          gateway = networking.defaultGateway.address;
          people = builtins.filter (name: users.users.\${name}.isNormalUser) (builtins.attrNames users.users);
          home = users.users.backup.home;
          known = builtins.attrNames programs.ssh.knownHosts;
          backups = services.restic.backups;
        }`,
      ),
    ).toEqual({
      ports: expect.arrayContaining([22, 2049]),
      gateway: '192.168.178.1',
      people: ['ada'],
      home: '/srv/backup',
      known: ['nas.home.internal'],
      backups: {},
    })
  })

  test('a reserved address is known, and not configured; the printer is no machine to deploy', () => {
    expect(home.it.evaluate('deploy.nodes', 'builtins.attrNames')).toEqual([
      'desk.home.internal',
      'nas.home.internal',
      'pi.home.internal',
    ])
    expect(
      home.it.configOf(
        'pi.home.internal',
        `{
          inherit (networking.interfaces.eth0) useDHCP;
          inherit (networking.interfaces.eth0.ipv4) addresses;
          mac = systemd.network.links."10-eth0".matchConfig.PermanentMACAddress;
          repository = services.restic.backups.nas.repository;
        }`,
      ),
    ).toEqual({
      useDHCP: true,
      addresses: [],
      mac: 'dc:a6:32:01:02:03',
      repository: 'sftp:backup@files:/srv/backup/pi',
    })
  })
})

describe('vault', { timeout: 60_000 }, () => {
  const vault = using('vault')
  rendersAsBefore('vault', vault)

  test('every member joins the others, and only these', () => {
    expect(
      vault.it.configOf(
        'vm1.example.com',
        '{ inherit (services.vault) address storageConfig extraConfig; ports = networking.firewall.allowedTCPPorts; root = fileSystems."/".device; }',
      ),
    ).toEqual({
      address: '192.168.122.201:8200',
      storageConfig: `node_id = "vm1"
retry_join {
  leader_api_addr = "http://192.168.122.200:8200"
}
retry_join {
  leader_api_addr = "http://192.168.122.202:8200"
}
`,
      extraConfig: `cluster_name = "example"
api_addr = "http://192.168.122.200:8200"
cluster_addr = "http://192.168.122.201:8201"
ui = true
`,
      ports: [8200, 8201],
      root: null,
    })
  })

  test('the names of members below the service stand in /etc/hosts, and the alias', () => {
    const hosts = vault.it.configOf('vm3.example.com', 'networking.hosts') as Record<
      string,
      string[]
    >
    expect(hosts['192.168.122.200']).toEqual(
      expect.arrayContaining([
        ...['vm0', 'vm0.example.com', 'vm0.vault.example.com', 'api.vault.example.com'],
        'vault-api.example.com',
      ]),
    )
    expect(hosts['192.168.122.203']).not.toContain('vault.example.com')
  })

  test('users of both levels are merged; who does not run the service has nothing of it', () => {
    expect(
      vault.it.evaluate(
        'nixosConfigurations',
        'all: { groups = all.vm2.config.users.users.admin.extraGroups; root = builtins.length all.vm2.config.users.users.root.openssh.authorizedKeys.keys; vm3 = all.vm3.config.services.vault.enable; vm0 = all.vm0.config.services.vault.enable; }',
      ),
    ).toEqual({ groups: ['wheel', 'docker'], root: 1, vm3: false, vm0: true })
  })

  test('a definition of NixOs-ClusterConfig sees hosts as that project gives them', () => {
    expect(vault.it.configOf('vm2.example.com', 'users.motd')).toBe(`vm2 in example.com
vm0 192.168.122.200
vm1 192.168.122.201
vm2 192.168.122.202
vm3 192.168.122.203
`)
  })
})

describe('own-service', { timeout: 60_000 }, () => {
  const queue = using('own-service')
  rendersAsBefore('own-service', queue)

  test('brokers, workers and settings of members', () => {
    expect(
      queue.it.evaluate(
        'nixosConfigurations',
        `all: {
          peers = all.worker1.config.environment.etc."queue/peers".text;
          greeting = all.worker1.config.environment.etc."queue/greeting".text;
          slots = map (name: all.\${name}.config.systemd.services.queue-worker.environment.SLOTS) [ "worker1" "worker3" ];
          connect = all.worker1.config.systemd.services.queue-worker.description;
          broker = all.broker1.config.systemd.services.queue-broker.description;
          isWorker = all.broker1.config.systemd.services ? queue-worker;
          port = all.broker1.config.networking.firewall.interfaces.eth0.allowedTCPPorts;
          firewall = all.broker1.config.networking.firewall.extraCommands;
        }`,
      ),
    ).toEqual({
      peers: 'broker1.lab.example.org 10.20.0.1 10\nbroker2.lab.example.org 10.20.0.2 0\n',
      greeting: `Work is "\${done}" here,\nand ''quotes'' are only text.\n`,
      slots: ['2', '8'],
      connect: 'Works for tcp://broker1.lab.example.org:5555,tcp://broker2.lab.example.org:5555',
      broker: 'Broker of queue.lab.example.org, owned by the platform team',
      isWorker: false,
      port: [5555],
      firewall: expect.stringContaining('-s 10.30.0.1 -p tcp --dport 5555'),
    })
  })

  test('the service does not run on the monitor that it knows', () => {
    expect(queue.it.configOf('eye.office.example.org', 'environment.etc ? "queue/peers"')).toBe(
      false,
    )
  })
})

describe('users', { timeout: 60_000 }, () => {
  const studio = using('users')
  rendersAsBefore('users', studio)

  test('users of all levels, their homes, and secrets by reference', () => {
    expect(
      studio.it.evaluate(
        'nixosConfigurations',
        `all: {
          people = builtins.mapAttrs (_: machine: builtins.filter
            (name: machine.config.users.users.\${name}.isNormalUser)
            (builtins.attrNames machine.config.users.users)) { inherit (all) desk1 desk2 files; };
          groups = all.desk2.config.users.users.ops.extraGroups;
          password = all.desk1.config.users.users.mira.hashedPasswordFile;
          secrets = baseNameOf all.desk1.config.sops.defaultSopsFile;
          editors = map (desk: desk.config.home-manager.users.mira.home.sessionVariables.EDITOR) [ all.desk1 all.desk2 ];
          pager = all.desk1.config.home-manager.users.mira.home.sessionVariables.PAGER;
          git = all.files.config.home-manager.users.ops.programs.git.userName;
          packages = map (each: each.pname) all.files.config.home-manager.users.ops.home.packages;
          restic = all.files.config.services.restic.backups.all.passwordFile;
        }`,
      ),
    ).toEqual({
      people: { desk1: ['mira', 'ops'], desk2: ['mira', 'ops'], files: ['ops'] },
      groups: ['wheel', 'docker'],
      password: '/run/secrets-for-users/mira-password',
      secrets: 'desks.yaml',
      editors: ['emacs', 'vim'],
      pager: 'less',
      git: 'Operations',
      packages: ['htop'],
      restic: '/run/agenix/restic',
    })
  })
})

describe('k3s', { timeout: 60_000 }, () => {
  const prod = using('k3s')
  rendersAsBefore('k3s', prod)

  test('the first server begins the cluster, the others join it, and all are meshed', () => {
    expect(
      prod.it.evaluate(
        'nixosConfigurations',
        `all: {
          first = { inherit (all.server1.config.services.k3s) role clusterInit serverAddr; };
          second = { inherit (all.server2.config.services.k3s) role clusterInit serverAddr; };
          agent = { inherit (all.agent1.config.services.k3s) role serverAddr; };
          peers = map (peer: peer.endpoint) all.agent1.config.networking.wireguard.interfaces.wg0.peers;
          own = all.agent1.config.networking.wireguard.interfaces.wg0.ips;
          exporter = all.box.config.services.prometheus.exporters.node.enabledCollectors;
          rule = all.box.config.networking.firewall.extraCommands;
        }`,
      ),
    ).toEqual({
      first: { role: 'server', clusterInit: true, serverAddr: '' },
      second: { role: 'server', clusterInit: false, serverAddr: 'https://10.50.0.1:6443' },
      agent: { role: 'agent', serverAddr: 'https://10.50.0.1:6443' },
      peers: [null, '10.50.0.1:51820', '10.50.0.2:51820', '10.50.0.3:51820'],
      own: ['10.99.0.11/24'],
      exporter: ['systemd'],
      rule: expect.stringContaining('-s 10.50.0.23 --dport 9100'),
    })
  })

  test('virtual hosts are configured by services, and accepted by their machine', () => {
    expect(
      prod.it.configOf(
        'box.prod.acme.example',
        `{
          containers = builtins.mapAttrs (_: each: { inherit (each) hostBridge; inherit (each.config.networking.interfaces.eth0.ipv4) addresses; }) containers;
          web = containers.web1.config.services.nginx.enable;
          watch = containers.watch.config.services.nginx.enable;
          servers = containers.web1.config.environment.etc."web/servers".text;
          runsOn = containers.web1.config.environment.etc."web/runs-on".text;
          source = containers.web2.config.environment.etc."log/source".text;
          image = virtualisation.oci-containers.containers.cache.image;
          bridge = networking.bridges.br0.interfaces;
        }`,
      ),
    ).toEqual({
      containers: {
        watch: { hostBridge: 'br0', addresses: [{ address: '10.50.0.23', prefixLength: 24 }] },
        web1: { hostBridge: 'br0', addresses: [{ address: '10.50.0.21', prefixLength: 24 }] },
        web2: { hostBridge: 'br0', addresses: [{ address: '10.50.0.22', prefixLength: 24 }] },
      },
      web: true,
      watch: false,
      servers: '10.50.0.1\n10.50.0.2\n10.50.0.3\n',
      runsOn: 'box.prod.acme.example',
      source: 'web2.box.prod.acme.example',
      image: 'docker.io/library/redis:7.4',
      bridge: ['eth0'],
    })
  })

  test('every machine finds the virtual hosts by name', () => {
    const hosts = prod.it.configOf('server1.prod.acme.example', 'networking.hosts') as Record<
      string,
      string[]
    >
    expect(hosts['10.50.0.21']).toEqual(
      expect.arrayContaining(['web1.box.prod.acme.example', 'web1.box', 'web.prod.acme.example']),
    )
  })
})

describe('large', { timeout: 120_000 }, () => {
  const large = using('large')

  test('renders as before: some machines byte for byte, all by digest', () => {
    const shown = [
      'web01.berlin.acme.example',
      'db2.paris.acme.example',
      'till08.shops.edge.example',
    ]
    const files = ownFiles(large.it.rendered)
    const kept = new Map(
      [...files].filter(
        ([path]) =>
          shown.some((machine) => path.endsWith(`/${machine}.nix`)) || path.includes('/levels/'),
      ),
    ).set('digests', digests(files))
    expect(Object.fromEntries(kept)).toEqual(Object.fromEntries(golden('large', kept)))
  })

  test('selectors find machines in all files', () => {
    const hostsOf = (service: string): number =>
      large.it.inventory.services.find(({ name }) => name === service)!.hosts.length
    expect(large.it.inventory.machines).toHaveLength(200)
    expect(hostsOf('metrics.acme.example')).toBe(100)
    expect(hostsOf('till.shops.edge.example')).toBe(59)
    expect(hostsOf('scan.depots.edge.example')).toBe(20)
  })

  test('machines of several clusters get what their levels and services give', () => {
    expect(
      large.it.evaluate(
        'nixosConfigurations',
        `all: {
          zones = map (name: all.\${name}.config.time.timeZone) [ "web01" "db1" "till01" ];
          channels = map (name: all.\${name}.config.environment.etc."web/channel".text) [ "web01" "web02" ];
          backends = all.web02.config.environment.etc."web/backends".text;
          replica = all.db2.config.environment.etc."db/role".text;
          api = all.till01.config.environment.etc."till/api".text;
          names = builtins.length (builtins.attrNames all.gate01.config.networking.hosts);
          platform = all.till01.config.nixpkgs.hostPlatform.system;
        }`,
      ),
    ).toEqual({
      zones: ['Europe/Berlin', 'Europe/Paris', null],
      channels: ['next', 'stable'],
      backends: [1, 2, 3]
        .map((n) => `db${n}.paris.acme.example\n`)
        .concat([1, 2, 3, 4, 5, 6, 7, 8].map((n) => `10.1.1.${n}\n`))
        .join(''),
      replica: 'replica of 10.2.0.1',
      api: [1, 2, 3, 4, 5, 6, 7, 8, 9]
        .map((n) => `https://web0${n}.berlin.acme.example/\n`)
        .join(''),
      names: 41,
      platform: 'aarch64-linux',
    })
  })
})
