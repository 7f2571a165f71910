import type { Oddity, SourceTree } from '../model/compilation.ts'
import type { Position } from '../model/diagnostic.ts'
import { projectFile } from '../schema/decode.ts'
import type { Complaints } from './complaints.ts'

/** Longer names, or paths, no file system takes; in bytes. */
const longest = { name: 255, path: 3000 }

/** What no honest name has: control characters, and those that turn the direction of a line. */
const unspeakable = /[\p{Cc}\u202a-\u202e\u2066-\u2069\ufffd]/u

/** Whether a text stands in for a file that Git LFS keeps elsewhere. */
export const isPointer = (text: string | undefined): boolean =>
  text !== undefined && /^version https:\/\/git-lfs\.github\.com\/spec\/v1\r?\n/.test(text)

/** Why a path of the tree is not the file that it looks like; undefined for nearly all. */
export function oddityOf(path: string, { texts, oddities }: SourceTree): Oddity | undefined {
  return oddities?.get(path) ?? (isPointer(texts.get(path)) ? 'pointer' : undefined)
}

/** What an oddity is called where something needs the file. */
export function oddityMessage(path: string, oddity: Oddity): string {
  switch (oddity) {
    case 'submodule':
      return `'/${path}' is a submodule, whose files are not part of the repository`
    case 'pointer':
      return `'/${path}' is a pointer of Git LFS, not the file itself`
    case 'link-outside':
      return `'/${path}' is a link that leaves the repository`
    case 'link-nowhere':
      return `'/${path}' is a link that leads nowhere`
  }
}

/** The code of what is said of an oddity. */
export function oddityCode(oddity: Oddity) {
  switch (oddity) {
    case 'submodule':
      return 'compile/submodule'
    case 'pointer':
      return 'compile/lfs-pointer'
    case 'link-outside':
    case 'link-nowhere':
      return 'compile/link'
  }
}

/** Complains about names that no generated tree can have, and warns of submodules. */
export function checkEntries({ paths, oddities }: SourceTree, complaints: Complaints): void {
  for (const path of [...paths].filter(isUnspeakable).sort().slice(0, mostNames)) {
    complaints.error(
      'compile/file-name',
      `a file is called ${shown(path)}, which ${reason(path)}`,
      placeOf(projectFile),
      'rename it',
    )
  }
  for (const [path, oddity] of oddities ?? []) {
    if (oddity !== 'submodule') continue
    complaints.warn(
      'compile/submodule',
      oddityMessage(path, oddity),
      placeOf(path),
      'an input of the Project brings another repository',
    )
  }
}

/** More complaints of one kind tell nobody more. */
const mostNames = 20

const placeOf = (file: string): Position => ({ file, document: 0, path: [] })

const isUnspeakable = (path: string): boolean => reason(path) !== undefined

function reason(path: string): string | undefined {
  if (path.includes('\ufffd')) return 'is no UTF-8'
  if (unspeakable.test(path)) return 'has a control character'
  const names = path.split('/')
  if (names.some((name) => name === '' || name === '.' || name === '..'))
    return 'leads out of its folder'
  if (names.some(isGitFolder)) return 'git takes for its own folder'
  if (Buffer.byteLength(path) > longest.path) return 'is too long'
  return names.some((name) => Buffer.byteLength(name) > longest.name) ? 'is too long' : undefined
}

/** As git itself looks at names, for file systems that fold them. */
const isGitFolder = (name: string): boolean =>
  /^(\.git|git~\d+)[ .]*(:.*)?$/i.test(name.replaceAll(/[\u200b-\u200f\u2060-\u206f\ufeff]/g, ''))

/** As text that moves no cursor, and not all of it. */
const shown = (path: string): string =>
  JSON.stringify(path.length > 100 ? `${path.slice(0, 100)}…` : path).replaceAll(
    /[\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`,
  )
