import type { SystemContents } from '../model/system-contents.ts'
import { hashOf } from './store-reader.ts'

type Users = SystemContents['users']

/** As `users-groups.json` (config/users-groups.nix) and `userborn.json` (userborn.nix) have them. */
interface Accounts {
  readonly users: readonly {
    readonly name: string
    readonly uid?: number | null
    readonly group?: string | null
    readonly description?: string | null
    readonly home?: string | null
    readonly shell?: string | null
    readonly isSystemUser?: boolean
    readonly isNormal?: boolean
    readonly password?: string | null
    readonly hashedPassword?: string | null
    readonly hashedPasswordFile?: string | null
  }[]
  readonly groups: readonly { readonly name: string; readonly members?: readonly string[] }[]
}

/** The users of the file that NixOS' activation, or userborn, reads. Of a password only a hash is kept. */
export function usersOfAccounts(json: string): Users {
  const { users, groups } = JSON.parse(json) as Accounts
  return byName(
    users.map(({ name, uid, group, description, home, shell, ...rest }) => {
      const isNormal = rest.isNormal ?? rest.isSystemUser === false
      const passwords = [rest.password, rest.hashedPassword, rest.hashedPasswordFile]
      return [
        name,
        {
          uid: uid?.toString() ?? '',
          group: group ?? '',
          groups: memberships(name, groups),
          description: description ?? '',
          home: home ?? '',
          shell: withoutHash(shell ?? ''),
          kind: isNormal ? 'normal' : 'system',
          password: passwords.some((each) => typeof each === 'string')
            ? hashOf(JSON.stringify(passwords))
            : '',
        },
      ]
    }),
  )
}

/** The users of `/etc/sysusers.d/00-nixos.conf`, where systemd makes them (systemd/sysusers.nix). */
export function usersOfSysusers(conf: string): Users {
  const lines = conf.split('\n').map((line) => line.trim())
  const groups = lines.flatMap((line) => {
    const [, member, name] = /^m\s+(\S+)\s+(\S+)$/.exec(line) ?? []
    return name === undefined ? [] : [{ name, members: [member!] }]
  })
  return byName(
    lines.flatMap((line) => {
      const found = /^u!?\s+(\S+)\s+(\S+)\s+"([^"]*)"\s+(\S+)\s+(\S+)$/.exec(line)
      if (found === null) return []
      const [name, ids, description, home, shell] = found.slice(1) as [string, ...string[]]
      const [uid = '', group = ''] = ids!.split(':')
      return [
        [
          name,
          {
            uid: /^\d+$/.test(uid) ? uid : '',
            group,
            groups: memberships(name, groups),
            description: description!,
            home: home!,
            shell: withoutHash(shell!),
            kind: 'system',
          },
        ],
      ]
    }),
  )
}

const memberships = (user: string, groups: Accounts['groups']): string =>
  groups
    .filter(({ members = [] }) => members.includes(user))
    .map(({ name }) => name)
    .sort()
    .join(' ')

/** A shell is the same one when only what it was built from changed. */
const withoutHash = (path: string): string => path.replace(/^\/nix\/store\/[0-9a-z]{32}-/, '')

function byName(users: readonly (readonly [string, Readonly<Record<string, string>>])[]): Users {
  return Object.fromEntries(
    users
      .map(
        ([name, parts]) =>
          [
            name,
            Object.fromEntries(Object.entries(parts).filter(([, text]) => text !== '')),
          ] as const,
      )
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}
