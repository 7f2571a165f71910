import type { Value } from '../model/value.ts'
import { call, list, type Nix, quote, text, word } from './nix-text.ts'
import { hostFile, isHostFile } from './places.ts'

/** Names that `!nix` and the places around it may use; a file asks for those that occur in its code. */
const scope = [
  'lib',
  'pkgs',
  'config',
  'this',
  'cluster',
  'inputs',
  'force',
  'moduleWith',
  'hostAt',
] as const

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
  const from = file.split('/').slice(0, -1)
  const target = path.split('/').filter((part) => part !== '')
  const apart = from.findIndex((part, index) => part !== target[index])
  const shared = apart === -1 ? from.length : apart
  const up = from.slice(shared).map(() => '..')
  // Interpolation is for what a path literal cannot spell.
  const down = target
    .slice(shared)
    .map((part) => (/^[\w.+-]+$/.test(part) ? part : `\${${quote(part)}}`))
  return {
    kind: 'path',
    text: [...(up.length > 0 ? up : ['.']), ...down].join('/'),
    target: target.join('/'),
  }
}

/** The names of the scope that an expression may use. */
export function namesUsed(nix: Nix): readonly string[] {
  const words = new Set<string>()
  visit(nix, (each) => {
    const text = each.kind === 'call' ? each.function : 'text' in each ? each.text : ''
    if (each.kind === 'path') return
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
      return nix.items.forEach((item) => visit(item, see))
    case 'set':
      return nix.bindings.forEach(([, value]) => visit(value, see))
    case 'call':
      return nix.arguments.forEach((each) => visit(each, see))
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
