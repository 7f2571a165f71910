import type { Plan } from '../../src/model/plan.ts'
import type { SystemDiff } from '../../src/model/system-diff.ts'

const system = (start: string): string => `/nix/store/${start.padEnd(32, '0')}-nixos-system-25.11`
const fqdn = (label: string): string => `${label}.example.com`

/** Nothing but the systems; tests add what they are about. */
export const diff = (parts: Partial<SystemDiff> = {}): SystemDiff => ({
  before: system('a3f'),
  after: system('9kd'),
  units: [],
  files: [],
  packages: [],
  sizeDelta: 0,
  reboot: [],
  compared: 'closures',
  users: [],
  ports: [],
  virtualHosts: [],
  ...parts,
})

const joins = diff({
  units: [
    {
      name: 'vault.service',
      kind: 'changed',
      effect: 'restarts',
      patch: '@@ -1,1 +1,1 @@\n-X-Restart-Triggers=/nix/store/1\n+X-Restart-Triggers=/nix/store/2',
    },
  ],
  files: [
    {
      path: '/etc/vault.hcl',
      kind: 'changed',
      patch:
        '@@ -1,1 +1,2 @@\n retry_join { leader = "192.168.122.201" }\n+retry_join { leader = "192.168.122.202" }',
    },
  ],
})

/** The role storage of vault gains vm2: 3 of 12 machines change. */
export const examplePlan: Plan = {
  title: {
    branch: 'more-storage',
    head: '3f2c1a9aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    base: 'main',
    baseCommit: '9b01e77aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  },
  kind: 'evaluated',
  machines: [
    { name: fqdn('vm0'), diff: joins },
    { name: fqdn('vm1'), diff: joins },
    {
      name: fqdn('vm2'),
      diff: diff({
        units: [{ name: 'vault.service', kind: 'added', effect: 'starts' }],
        files: [{ path: '/etc/vault.hcl', kind: 'added' }],
        packages: [{ name: 'vault', before: [], after: ['1.17.2'] }],
        sizeDelta: 31 * 1024 * 1024,
      }),
    },
  ],
  unaffected: [3, 4, 5, 6, 7, 8, 9, 10, 11].map((n) => fqdn(`vm${n}`)),
  removed: [],
  reasons: [
    {
      place: 'clusters/example.yaml:18',
      text: 'role storage of vault gains vm2',
      machines: ['vm0', 'vm1', 'vm2'].map(fqdn),
    },
  ],
  failures: [],
  rollout: 'vm2, then vm0, then vm1 (at most 1 of storage at a time)',
  tookMs: 2400,
}
