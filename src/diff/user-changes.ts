import type { SystemContents } from '../model/system-contents.ts'
import type { UserChange } from '../model/system-diff.ts'

type Users = SystemContents['users']
type User = Users[string]

/** Users that come, go or become another, by name. */
export function diffUsers(before: Users, after: Users): readonly UserChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return names.flatMap((name): UserChange[] => {
    const [old, now] = [before[name], after[name]]
    if (now === undefined) return [{ name, kind: 'removed', what: [] }]
    if (old === undefined) return [{ name, kind: 'added', what: whatItMay(now) }]
    const what = whatChanges(old, now)
    return what.length === 0 ? [] : [{ name, kind: 'changed', what }]
  })
}

function whatItMay({ groups = '', keys = '' }: User): readonly string[] {
  return [
    ...(groups === '' ? [] : [`groups ${groups}`]),
    ...(keys === '' ? [] : [`keys ${linesOf(keys).length}`]),
  ]
}

function whatChanges(old: User, now: User): readonly string[] {
  const parts = [...new Set([...Object.keys(old), ...Object.keys(now)])].sort()
  return parts.flatMap((part) => {
    const [was = '', is = ''] = [old[part], now[part]]
    if (was === is) return []
    if (part === 'groups') return [`groups ${signed(was.split(' '), is.split(' '))}`]
    const [lost, gained] = [linesOf(was).length, linesOf(is).length]
    return [part === 'keys' && lost !== gained ? `keys ${lost} → ${gained}` : part]
  })
}

const signed = (before: readonly string[], after: readonly string[]): string =>
  [
    ...after.filter((name) => name !== '' && !before.includes(name)).map((name) => `+${name}`),
    ...before.filter((name) => name !== '' && !after.includes(name)).map((name) => `-${name}`),
  ].join(' ')

const linesOf = (text: string): readonly string[] => (text === '' ? [] : text.split('\n'))
