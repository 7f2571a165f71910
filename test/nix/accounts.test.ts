import { expect, test } from 'vitest'
import { usersOfAccounts, usersOfSysusers } from '../../src/nix/accounts.ts'

const alice = {
  ...{ name: 'alice', uid: 1000, group: 'users', description: 'Alice', home: '/home/alice' },
  shell: '/run/current-system/sw/bin/zsh',
}
const groups = [
  { name: 'wheel', gid: 1, members: ['alice'] },
  { name: 'docker', gid: null, members: ['alice', 'bob'] },
]
const expected = {
  ...{ uid: '1000', group: 'users', groups: 'docker wheel', description: 'Alice' },
  ...{ home: '/home/alice', shell: '/run/current-system/sw/bin/zsh', kind: 'normal' },
}

test('reads users-groups.json, and keeps nothing of a password but a hash', () => {
  const read = (hashedPassword: string | null, shell = alice.shell) =>
    usersOfAccounts(
      JSON.stringify({
        mutableUsers: false,
        users: [{ ...alice, shell, isSystemUser: false, hashedPassword, password: null }],
        groups,
      }),
    )
  expect(read(null)).toEqual({ alice: expected })
  const [one, two] = ['$y$one', '$y$two'].map((password) => read(password)['alice']!['password'])
  expect(one).toMatch(/^[0-9a-f]{64}$/)
  expect(one).not.toBe(two)
  expect(read(null, '/nix/store/00000000000000000000000000000000-zsh-5.9/bin/zsh')).toEqual({
    alice: { ...expected, shell: 'zsh-5.9/bin/zsh' },
  })
})

test('reads userborn.json', () => {
  const json = JSON.stringify({
    users: [
      { ...alice, isNormal: true, hashedPasswordFile: '/run/secrets/alice' },
      { ...alice, name: 'bob', uid: null, isNormal: false },
    ],
    groups,
  })
  expect(usersOfAccounts(json)).toMatchObject({
    alice: { ...expected, password: expect.any(String) as string },
    bob: { groups: 'docker', kind: 'system' },
  })
})

test('reads what systemd-sysusers is given', () => {
  const conf = `# Type Name ID GECOS Home directory Shell
u alice 1000:users "Alice" /home/alice /run/current-system/sw/bin/zsh
u! vault /var/lib/nixos/uid/vault:vault "" /var/empty /run/current-system/sw/bin/nologin
g wheel 1
m alice wheel
m alice docker
`
  expect(usersOfSysusers(conf)).toEqual({
    alice: { ...expected, kind: 'system' },
    vault: {
      ...{ group: 'vault', home: '/var/empty', kind: 'system' },
      shell: '/run/current-system/sw/bin/nologin',
    },
  })
})
