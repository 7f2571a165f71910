import type { Plan } from '../../src/model/plan.ts'
import type { SystemDiff } from '../../src/model/system-diff.ts'
import { diff, examplePlan } from './example-plan.ts'

/** Plans as they come about, each for one file below test/fixtures/comments. */

const fqdn = (label: string): string => `${label}.example.com`
const numbered = (label: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, n) => fqdn(`${label}${from + n}`))
const mebibyte = 1024 * 1024

const title = {
  branch: 'change',
  head: 'c41d9e2f0b7a6858493d2c1b0a9f8e7d6c5b4a39',
  base: 'main',
  baseCommit: '9b01e77aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
}

const plan = (parts: Partial<Plan>): Plan => ({
  title,
  kind: 'evaluated',
  machines: [],
  unaffected: [],
  removed: [],
  reasons: [],
  failures: [],
  ...parts,
})

export const oneMachine = plan({
  title: { ...title, branch: 'nginx-gzip' },
  machines: [
    {
      name: fqdn('web1'),
      diff: diff({
        units: [
          {
            name: 'nginx.service',
            kind: 'changed',
            effect: 'reloads',
            patch:
              '@@ -14,5 +14,5 @@\n [Service]\n Environment=LOCALE_ARCHIVE=/nix/store/1xq6l0a…-glibc-locales-2.40/lib/locale/locale-archive\n-ExecStart=/nix/store/7w1k3mz…-nginx-1.28.0/bin/nginx -c /nix/store/q0c9v2b…-nginx.conf\n+ExecStart=/nix/store/7w1k3mz…-nginx-1.28.0/bin/nginx -c /nix/store/m5d8x1f…-nginx.conf\n Restart=always',
          },
        ],
        files: [
          {
            path: '/etc/nginx/nginx.conf',
            kind: 'changed',
            patch:
              '@@ -22,4 +22,6 @@\n   default_type application/octet-stream;\n   sendfile on;\n+  gzip on;\n+  gzip_types text/css application/javascript;\n   server_tokens off;',
          },
        ],
      }),
    },
  ],
  unaffected: [...numbered('db', 1, 2), ...numbered('web', 2, 3)],
  reasons: [
    {
      place: 'clusters/web.yaml:31',
      text: 'config services.nginx.recommendedGzipSettings of web1 is new',
      machines: [fqdn('web1')],
    },
  ],
  rollout: 'web1',
})

const security: Partial<SystemDiff> = {
  units: [
    { name: 'nginx.service', kind: 'changed', effect: 'restarts' },
    { name: 'sshd.service', kind: 'changed', effect: 'restarts' },
  ],
  packages: [
    { name: 'curl', before: ['8.14.1'], after: ['8.16.0'] },
    { name: 'linux', before: ['6.12.52'], after: ['6.12.57'] },
    { name: 'nginx', before: ['1.28.0'], after: ['1.28.1'] },
    { name: 'openssh', before: ['10.0p2'], after: ['10.2p1'] },
    { name: 'openssl', before: ['3.4.2'], after: ['3.4.3'] },
    { name: 'systemd', before: ['257.9'], after: ['257.10'] },
  ],
  reboot: ['kernel', 'initrd', 'systemd'],
  sizeDelta: 2.4 * mebibyte,
}

export const fiftyAlike = plan({
  title: { ...title, branch: 'update-nixpkgs' },
  machines: [
    {
      name: fqdn('db1'),
      diff: diff({
        ...security,
        units: [
          { name: 'postgresql.service', kind: 'changed', effect: 'restarts' },
          { name: 'sshd.service', kind: 'changed', effect: 'restarts' },
        ],
        packages: [
          ...security.packages!.filter(({ name }) => name !== 'nginx'),
          { name: 'postgresql', before: ['17.5'], after: ['17.6'] },
        ],
        sizeDelta: 5 * mebibyte,
      }),
    },
    {
      name: fqdn('vault1'),
      diff: diff({
        ...security,
        units: [
          { name: 'sshd.service', kind: 'changed', effect: 'restarts' },
          { name: 'vault.service', kind: 'changed', effect: 'restarts' },
        ],
        packages: [
          ...security.packages!.filter(({ name }) => name !== 'nginx'),
          { name: 'vault', before: ['1.20.3'], after: ['1.20.4'] },
        ],
        sizeDelta: 31 * mebibyte,
      }),
    },
    ...numbered('web', 1, 50).map((name) => ({ name, diff: diff(security) })),
  ],
  unaffected: numbered('printer', 1, 3),
  reasons: [
    {
      text: 'flake.lock: nixpkgs moves from 5e2a59a to 9da7f1c',
      machines: [fqdn('db1'), fqdn('vault1'), ...numbered('web', 1, 50)],
    },
  ],
  rollout: 'db1, then vault1, then web1 to web50 (at most 5 of web at a time)',
})

const { before: _, ...nothingYet } = diff({
  units: Array.from({ length: 143 }, (_, n) => ({
    name: `unit${n}.service`,
    kind: 'added' as const,
    effect: 'starts' as const,
  })),
  files: Array.from({ length: 212 }, (_, n) => ({
    path: `/etc/file${n}`,
    kind: 'added' as const,
    sizeAfter: 12,
  })),
  sizeDelta: 1.3 * 1024 * mebibyte,
})

export const firstPlan = plan({
  title: { ...title, branch: 'start' },
  machines: numbered('vm', 0, 3).map((name) => ({ name, diff: nothingYet })),
  reasons: numbered('vm', 0, 3).map((name, n) => ({
    place: `clusters/example.yaml:${13 + n}`,
    text: `${name} is new`,
    machines: [name],
  })),
  rollout: 'vm0, vm1, vm2, vm3',
  waits: 'nothing is deployed before somebody says `nixcluster deploy` once',
})

export const removal = plan({
  title: { ...title, branch: 'no-more-batch' },
  machines: [
    {
      name: fqdn('db1'),
      diff: diff({
        units: [
          { name: 'batch-import.service', kind: 'removed', effect: 'stops' },
          { name: 'batch-import.timer', kind: 'removed', effect: 'stops' },
        ],
        files: [{ path: '/etc/batch/import.toml', kind: 'removed', sizeBefore: 1290 }],
        packages: [{ name: 'batch-import', before: ['2.1.0'], after: [] }],
        users: [{ name: 'batch', kind: 'removed', what: [] }],
        ports: [{ port: '8090/tcp on wg0', kind: 'closes' }],
        sizeDelta: -84 * mebibyte,
      }),
    },
  ],
  unaffected: [fqdn('db2'), ...numbered('web', 1, 3)],
  removed: numbered('batch', 1, 4),
  removals: 4,
  reasons: [
    {
      place: 'clusters/batch.yaml:9',
      text: 'batch1 to batch4 leave the cluster batch',
      machines: numbered('batch', 1, 4),
    },
    {
      place: 'services/import.yaml:4',
      text: 'service import leaves db1',
      machines: [fqdn('db1')],
    },
  ],
  rollout: 'db1',
})

export const nixError = plan({
  title: { ...title, branch: 'grafana' },
  machines: numbered('web', 1, 2).map((name) => ({
    name,
    diff: diff({
      units: [{ name: 'grafana.service', kind: 'added', effect: 'starts' }],
      packages: [{ name: 'grafana', before: [], after: ['12.1.1'] }],
      ports: [{ port: '3000/tcp', kind: 'opens' }],
      users: [{ name: 'grafana', kind: 'added', what: [] }],
      sizeDelta: 412 * mebibyte,
    }),
  })),
  failures: [
    {
      machine: fqdn('web3'),
      stage: 'evaluation',
      message: `error: The option \`services.grafana.setings' does not exist. Definition values:
- In \`clusters/web.yaml': { server.http_port = 3000; }

Did you mean \`services.grafana.settings'?
at modules/grafana.nix:12:3:
    11|   services.grafana.enable = true;
    12|   services.grafana.setings.server.http_port = 3000;
      |   ^
    13| }`,
    },
  ],
  unaffected: numbered('db', 1, 7),
  reasons: [
    {
      place: 'services/monitoring.yaml:7',
      text: 'service monitoring gains web1, web2 and web3',
      machines: numbered('web', 1, 3),
    },
  ],
  rollout: 'web1, then web2',
})

const longPatch = (n: number): string =>
  [
    '@@ -1,60 +1,60 @@',
    ...Array.from({ length: 60 }, (_, line) =>
      [
        `-    server 10.${n}.0.${line}:8080 weight=10 max_fails=3 fail_timeout=30s;`,
        `+    server 10.${n}.1.${line}:8080 weight=10 max_fails=3 fail_timeout=30s;`,
      ].join('\n'),
    ),
  ].join('\n')

/** Each of 400 machines changes in its own way. */
export const tooLarge = plan({
  title: { ...title, branch: 'renumber' },
  machines: Array.from({ length: 400 }, (_, n) => ({
    name: `edge${n + 1}.${['ber', 'fra', 'muc'][n % 3]}.example.com`,
    diff: diff({
      units: [{ name: 'haproxy.service', kind: 'changed', effect: 'reloads' }],
      files: [{ path: '/etc/haproxy.cfg', kind: 'changed', patch: longPatch(n % 256) }],
      sizeDelta: n * 65_536,
    }),
  })),
  unaffected: numbered('db', 1, 12),
  reasons: Array.from({ length: 400 }, (_, n) => ({
    place: `clusters/${['ber', 'fra', 'muc'][n % 3]}.yaml:${10 + 3 * n}`,
    text: `address of interface eth0 of edge${n + 1} changes from 10.${n % 256}.0.1 to 10.${n % 256}.1.1`,
    machines: [`edge${n + 1}.${['ber', 'fra', 'muc'][n % 3]}.example.com`],
  })),
  rollout: 'edge1 to edge400 (at most 20 at a time)',
})

export const staticPlan: Plan = {
  ...examplePlan,
  kind: 'static',
  machines: examplePlan.machines.map(({ name }) => ({ name })),
}
delete (staticPlan as { rollout?: string }).rollout

export const approvedPlan: Plan = { ...examplePlan, approvedBy: 'maintainer' }

export const everyKind = plan({
  title: { ...title, branch: 'mail-guest' },
  machines: [
    {
      name: fqdn('host1'),
      diff: diff({
        units: [
          { name: 'container@mail.service', kind: 'changed', effect: 'restarts' },
          { name: 'firewall.service', kind: 'changed', effect: 'reloads' },
        ],
        files: [
          {
            path: '/etc/ssh/authorized_keys.d/alice',
            kind: 'changed',
            sizeBefore: 1290,
            sizeAfter: 1402,
          },
          { path: '/etc/postfix/virtual.db', kind: 'added', sizeAfter: 12_288 },
        ],
        users: [
          { name: 'alice', kind: 'changed', what: ['groups', 'keys'] },
          { name: 'bob', kind: 'removed', what: [] },
          { name: 'vmail', kind: 'added', what: [] },
        ],
        ports: [
          { port: '25/tcp', kind: 'opens' },
          { port: '60000-61000/udp on wg0', kind: 'opens' },
          { port: '8080/tcp', kind: 'closes' },
        ],
        virtualHosts: [
          {
            name: 'mail',
            kind: 'changed',
            diff: diff({
              units: [{ name: 'postfix.service', kind: 'changed', effect: 'restarts' }],
              packages: [{ name: 'postfix', before: ['3.10.3'], after: ['3.10.5'] }],
              files: [
                {
                  path: '/etc/postfix/main.cf',
                  kind: 'changed',
                  patch:
                    '@@ -3,3 +3,3 @@\n compatibility_level = 3.10\n-message_size_limit = 10240000\n+message_size_limit = 52428800\n mydestination = localhost',
                },
              ],
              ports: [{ port: '587/tcp', kind: 'opens' }],
            }),
          },
          { name: 'old-proxy', kind: 'removed' },
          { name: 'rspamd', kind: 'added' },
        ],
        sizeDelta: 18 * mebibyte,
      }),
    },
    {
      name: fqdn('host2'),
      pending: true,
      diff: diff({
        units: [{ name: 'firewall.service', kind: 'changed', effect: 'reloads' }],
        ports: [{ port: '25/tcp', kind: 'opens' }],
      }),
    },
    { name: fqdn('host3'), diff: diff({ reboot: ['systemd'] }) },
  ],
  unaffected: numbered('web', 1, 5),
  paused: [fqdn('host3'), fqdn('web2')],
  reasons: [
    {
      place: 'clusters/hosts.yaml:22',
      text: 'role mx of mail gains host1 and host2',
      machines: [fqdn('host1'), fqdn('host2')],
    },
    {
      place: 'clusters/hosts.yaml:40',
      text: 'module /modules/systemd.nix of host3 changes',
      machines: [fqdn('host3')],
    },
  ],
  rollout: 'host1, then host2; host3 when it is resumed',
})

export const derivationsOnly = plan({
  title: { ...title, branch: 'chromium' },
  machines: numbered('kiosk', 1, 6).map((name) => ({
    name,
    diff: diff({
      compared: 'derivations',
      packages: [
        { name: 'chromium', before: ['141.0.7390.122'], after: ['142.0.7444.59'] },
        { name: 'cage', before: [], after: ['0.2.1'] },
      ],
    }),
  })),
  unaffected: numbered('db', 1, 2),
  reasons: [
    {
      place: 'services/kiosk.yaml:3',
      text: 'definition of service kiosk changes',
      machines: numbered('kiosk', 1, 6),
    },
  ],
})
