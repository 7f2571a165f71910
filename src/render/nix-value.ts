import type { Value } from '../model/value.ts'
import { call, list, type Nix, quote, text, word } from './nix-text.ts'
import { hostFile, isHostFile } from './places.ts'

/** Names that `!nix` may use. */
export const codeScope: readonly string[] = ['lib', 'pkgs', 'config', 'this', 'cluster', 'inputs']

/** The same with those that stand around it; a file asks for those that occur in it. */
const scope = [...codeScope, 'force', 'moduleWith', 'hostAt']

const mayUseScope = new RegExp(scope.join('|'))

/** Turns a value into Nix, with its paths relative to the generated file that it stands in. */
export function toNix(value: Value, file: string): Nix {
  switch (value.kind) {
    case 'null':
      return word('null')
    case 'boolean':
      return word(String(value.value))
    case 'integer':
      return word(integer(value.text))
    case 'float':
      return word(float(value.text))
    case 'text':
      return text(value.value)
    case 'list':
      return list(value.items.map((item) => toNix(item, file)))
    case 'map':
      return {
        kind: 'set',
        bindings: value.entries.map(([name, entry]) => [[name], toNix(entry, file)] as const),
      }
    case 'nix':
      return { kind: 'code', text: value.code }
    case 'path':
      return pathFrom(file, value.path)
    case 'read':
      return call('lib.fileContents', pathFrom(file, value.path))
    case 'host':
      return call('hostAt', pathFrom(file, hostFile(value.cluster, value.name)))
    case 'force':
      return call('force', toNix(value.value, file))
  }
}

/** Writes the path of a file of the repository as one relative to a generated file. */
export function pathFrom(file: string, path: string): Nix {
  const target = /^\/|\/\/|\/$/.test(path) ? partsOf(path).join('/') : path
  const shared = sharedFolders(file, target)
  const up = '../'.repeat(file.slice(shared).split('/').length - 1) || './'
  const rest = target.slice(shared)
  // Interpolation is for what a path literal cannot spell.
  const down = /^[\w.+/-]*$/.test(rest)
    ? rest
    : partsOf(rest)
        .map((part) => (/^[\w.+-]+$/.test(part) ? part : `\${${quote(part)}}`))
        .join('/')
  return { kind: 'path', text: down === '' ? up.slice(0, -1) : up + down, target }
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '')

/** How much of two paths are folders that both lie in; the second may be a folder itself. */
function sharedFolders(file: string, path: string): number {
  let shared = 0
  for (let index = 0; index <= path.length; index++) {
    const char = path[index] ?? '/'
    if (file[index] !== char) break
    if (char === '/') shared = index + 1
  }
  return shared
}

/** The names of the scope that an expression may use. */
export function namesUsed(nix: Nix): readonly string[] {
  const words = new Set<string>()
  visit(nix, (each) => {
    const text = each.kind === 'call' ? each.function : 'text' in each ? each.text : ''
    if (each.kind === 'path' || !mayUseScope.test(text)) return
    for (const found of text.match(/[A-Za-z_][\w'-]*/g) ?? []) words.add(found)
  })
  return scope.filter((name) => words.has(name))
}

/** The `!nix` expressions below an expression, and the paths by which Nix may read configuration. */
export function codeIn(nix: Nix): readonly string[] {
  const code: string[] = []
  visit(nix, (each) => {
    if (each.kind === 'code') code.push(each.text)
    if (each.kind === 'path' && configuration.test(each.target))
      code.push(`builtins.path ${each.text}`)
  })
  return code
}

/** What is configuration, or a folder with it. */
const configuration = /^(?:clusters(?:\/.*)?|nixcluster\.yaml|)$/

/** The generated files of hosts that an expression refers to. */
export function hostsIn(nix: Nix): readonly string[] {
  const files: string[] = []
  visit(nix, (each) => {
    if (each.kind === 'path' && isHostFile(each.target)) files.push(each.target)
  })
  return files
}

function visit(nix: Nix, see: (nix: Nix) => void): void {
  see(nix)
  switch (nix.kind) {
    case 'list':
      for (const item of nix.items) visit(item, see)
      return
    case 'set':
      for (const [, value] of nix.bindings) visit(value, see)
      return
    case 'call':
      for (const each of nix.arguments) visit(each, see)
      return
    case 'function':
      return visit(nix.body, see)
  }
}

/** Nix has no literal for the smallest integer: its minus is an operator. */
function integer(digits: string): string {
  return digits === '-9223372036854775808' ? '(-9223372036854775807 - 1)' : digits
}

/** Nix wants a dot in every float, and digits in front of it. */
function float(digits: string): string {
  const parts = /^([+-]?)(\d*)\.?(\d*)((?:[eE][+-]?\d+)?)$/.exec(digits)
  if (parts === null) return `(throw "Nix has no number ${digits.replace(/[^\w.+-]/g, '')}")`
  const [, sign = '', whole = '', fraction = '', exponent = ''] = parts
  return `${sign === '-' ? '-' : ''}${whole.replace(/^0+(?=\d)/, '') || '0'}.${fraction || '0'}${exponent}`
}
