import { ipsOf, primaryInterface, type Address } from '../model/addresses.ts'
import type { Position } from '../model/diagnostic.ts'
import type { Interface } from '../model/inventory.ts'
import { didYouMean } from '../model/suggestion.ts'
import type { Value } from '../model/value.ts'
import { quoted } from '../schema/syntax-mistake.ts'
import { codeScope } from '../render/nix-value.ts'
import { selectorTags, tags } from '../schema/tags.ts'
import { readNix } from '../schema/nix-syntax.ts'
import type { NixPlace } from '../schema/nix-words.ts'
import {
  child,
  describe,
  meantText,
  toPlain,
  untagged,
  type ScalarTree,
  type Tree,
} from '../schema/tree.ts'
import type { Names, Target } from '../selectors/names.ts'
import { parseSelector, type Selector, type SelectorMap } from '../selectors/selector.ts'
import { select } from '../selectors/select.ts'
import { below, byKey, type Complaints } from './complaints.ts'
import { checkPrivateKey, checkSecret } from './secrets.ts'
import { findPath, type Paths } from './paths.ts'

/** What values are resolved against. */
export interface ValueContext {
  readonly names: Names
  readonly paths: Paths
  readonly complaints: Complaints
  /** Interfaces by the full name of their host. */
  readonly interfaces: Pick<ReadonlyMap<string, readonly Interface[]>, 'get'>
  /** Takes the hosts whose addresses are asked for by selectors. */
  readonly asked: Set<string>
}

type SelectorTag = keyof typeof selectorTags

/** Priorities belong to options: in a list, or in data, one would end up in the value itself. */
type Holder = 'option' | 'list' | 'data'

/** Turns a tree into a value, its tags resolved; `scope` is the element that it stands in. */
export function toValue(
  tree: Tree,
  at: Position,
  scope: string,
  context: ValueContext,
  holder: Holder = 'data',
): Value | undefined {
  if (tree.tag !== undefined) return tagged(tree, tree.tag, at, scope, context, holder)
  switch (tree.kind) {
    case 'scalar':
      return scalar(tree, at, context)
    case 'list': {
      const inner = holder === 'option' ? 'list' : holder
      const items = tree.items.flatMap((item, index) => {
        const place = below(at, index)
        const meant = meantText(item)
        if (!meant?.includes('::')) return toValue(item, place, scope, context, inner) ?? []
        const message = `${meant} is a map to YAML, because of the colon at its end`
        context.complaints.error('schema/ambiguous', message, place, `write "${meant}"`)
        return []
      })
      return { kind: 'list', items }
    }
    case 'map': {
      const entries = [...tree.entries].flatMap(([key, entry]) => {
        const place = below(at, key)
        checkSecret(key, entry.value, place, context.complaints)
        const value = toValue(entry.value, place, scope, context, holder)
        return value ? [[key, value] as const] : []
      })
      return { kind: 'map', entries: entries.sort(([a], [b]) => (a < b ? -1 : 1)) }
    }
  }
}

function scalar(tree: ScalarTree, at: Position, context: ValueContext): Value | undefined {
  const { value, source } = tree
  if (value === null) return { kind: 'null' }
  if (typeof value === 'boolean') return { kind: 'boolean', value }
  if (typeof value === 'string') {
    checkPrivateKey(value, at, context.complaints)
    if (tree.plain && /^(yes|no|on|off)$/i.test(value))
      context.complaints.warn(
        'schema/ambiguous',
        `${source} is text in YAML 1.2`,
        at,
        `write true or false, or "${source}" if text is meant`,
      )
    return { kind: 'text', value }
  }
  if (typeof value === 'bigint') {
    if (/^[-+]?0[0-9]/.test(source)) {
      context.complaints.error(
        'schema/ambiguous',
        `${source} is the number ${value} in YAML`,
        at,
        `write "${source}" if text is meant`,
      )
      return undefined
    }
    if (BigInt.asIntN(64, value) !== value) {
      context.complaints.error('schema/value', `${source} is too large for Nix`, at)
      return undefined
    }
    return { kind: 'integer', text: value.toString() }
  }
  if (!isNormal(value, source)) {
    context.complaints.error('schema/value', `Nix has no number ${source}`, at)
    return undefined
  }
  if (/^[-+]?[0-9]+[eE]|\.[0-9]+0$/.test(source))
    context.complaints.warn(
      'schema/ambiguous',
      `${source} is the number ${value} in YAML`,
      at,
      `write "${source}" if text is meant`,
    )
  return { kind: 'float', text: floatText(value) }
}

/** Nix refuses floats next to zero, as it does infinite ones. */
function isNormal(value: number, source: string): boolean {
  const least = 2 ** -1022
  const isZero = value === 0 && !/^[-+.0]*[1-9]/.test(source)
  return isZero || (Number.isFinite(value) && Math.abs(value) >= least)
}

/** Nix wants a point in every float. */
function floatText(value: number): string {
  const text = Object.is(value, -0) ? '0' : String(value)
  const [mantissa = '', exponent] = text.split('e')
  const digits = mantissa.includes('.') ? mantissa : `${mantissa}.0`
  return exponent === undefined ? digits : `${digits}e${exponent.replace('+', '')}`
}

function tagged(
  tree: Tree,
  tag: string,
  at: Position,
  scope: string,
  context: ValueContext,
  holder: Holder,
): Value | undefined {
  const { complaints } = context
  switch (tag) {
    case '!nix':
      return nixCode(tree, at, complaints)
    case '!path':
    case '!read': {
      if (tree.kind !== 'scalar' || tree.source === '') {
        complaints.error('schema/type', `${tag} takes a path, found ${bare(tree)}`, at)
        return undefined
      }
      const found = findPath(tree.source, at.file, context.paths, tag === '!read' ? 'text' : 'file')
      if ('path' in found) return { kind: tag === '!read' ? 'read' : 'path', path: found.path }
      complaints.error(found.code, found.message, at)
      return undefined
    }
    case '!force': {
      if (holder !== 'option') {
        complaints.error(
          'schema/value',
          misplacedForce[holder].message,
          { ...at, atTag: true },
          misplacedForce[holder].hint,
        )
        return undefined
      }
      const value = toValue(untagged(tree), at, scope, context, holder)
      return value && { kind: 'force', value }
    }
  }
  if (tag in selectorTags) return selected(tree, tag as SelectorTag, at, scope, context)
  complaints.error(
    'schema/unknown-tag',
    `unknown tag '${tag}'${didYouMean(tag, tags)}`,
    { ...at, atTag: true },
    'text that begins with ! needs quotes',
  )
  return undefined
}

const misplacedForce = {
  list: {
    message: '!force means nothing inside a list',
    hint: 'write it in front of the whole list',
  },
  data: {
    message: '!force is for NixOS options, and this is data',
    hint: 'lib.mkForce does the same where the data is used',
  },
}

function nixCode(tree: Tree, at: Position, complaints: Complaints): Value | undefined {
  if (tree.kind !== 'scalar') {
    const meant = meantNix(tree)
    complaints.error(
      'schema/type',
      `!nix takes text, found ${bare(tree)}`,
      at,
      meant ? `write !nix ${meant}` : 'put the expression in quotes, or in lines below !nix |',
    )
    return undefined
  }
  const code = tree.source.trim()
  if (code === '') {
    complaints.error('schema/type', '!nix takes an expression, found nothing', at)
    return undefined
  }
  return checkNix(code, tree.source.indexOf(code), at, complaints)
    ? { kind: 'nix', code, at }
    : undefined
}

/** What YAML took apart, in quotes again. */
function meantNix(tree: Tree): string | undefined {
  const plain = (one: Tree): string | undefined =>
    one.kind === 'scalar' && one.plain && one.tag === undefined ? one.source : undefined
  if (tree.kind === 'list') {
    const items = tree.items.map(plain)
    return items.includes(undefined) ? undefined : quoted(`[ ${items.join(' ')} ]`)
  }
  if (tree.kind !== 'map') return undefined
  const pairs = [...tree.entries].map(([key, { value }]) => {
    const text = plain(value)
    return text === '' ? key : text && `${key}: ${text}`
  })
  if (pairs.includes(undefined)) return undefined
  // `pkg: x` is a function, `{ a = 1; }` a set.
  const isFunction = pairs.length === 1 && pairs[0]!.includes(': ')
  return quoted(isFunction ? pairs[0]! : `{ ${pairs.join(' ')} }`)
}

function checkNix(code: string, offset: number, at: Position, complaints: Complaints): boolean {
  const { mistake, relativePaths, searchPaths, freeNames } = readNix(code)
  const part = ({ start, end }: NixPlace): Position => ({
    ...at,
    part: { start: offset + start, end: offset + end },
  })
  if (mistake) {
    complaints.error('schema/nix', `this is no Nix: ${mistake.message}`, part(mistake))
    return false
  }
  for (const word of relativePaths)
    complaints.error(
      'schema/value',
      `the path ${word.text} in !nix has no place to be relative to`,
      part(word),
      `write !path ${word.text}, or keep it in a module`,
    )
  for (const word of searchPaths)
    complaints.error(
      'schema/value',
      `${word.text} is not known: evaluation is pure`,
      part(word),
      `name a flake input: inputs.${word.text.slice(1, -1).split('/')[0]}`,
    )
  const unknown = freeNames.filter(({ text }) => !isKnownToNix(text))
  for (const word of unknown)
    complaints.error(
      'schema/nix',
      `nothing is called '${word.text}' here${didYouMean(word.text, codeScope)}`,
      part(word),
      `!nix sees ${codeScope.join(', ')}`,
    )
  return relativePaths.length + searchPaths.length + unknown.length === 0
}

/** What Nix itself gives to every expression. */
const ownNames = new Set(
  'abort baseNameOf break builtins derivation derivationStrict dirOf false fetchGit fetchMercurial fetchTarball fetchTree fromTOML import isNull map null placeholder removeAttrs scopedImport throw toString true'.split(
    ' ',
  ),
)

function isKnownToNix(name: string): boolean {
  return codeScope.includes(name) || ownNames.has(name) || name.startsWith('__')
}

function bare(tree: Tree): string {
  const { tag: _, ...rest } = tree
  if (rest.kind === 'scalar' && rest.plain && rest.source === '') return 'nothing'
  return describe(rest as Tree)
}

/** The map form of `!ip` and its like: a selector with more. */
interface Request {
  readonly selectors: readonly Selector[]
  readonly interface?: string
  readonly family?: Address['family']
  readonly as?: string
  readonly join?: string
}

const selectorKeys = ['select', 'kind', 'tags', 'except', 'optional']
const requestKeys = [...selectorKeys, 'interface', 'family', 'as', 'join']

function selected(
  tree: Tree,
  tag: SelectorTag,
  at: Position,
  scope: string,
  context: ValueContext,
): Value | undefined {
  const { complaints, names } = context
  const request = readRequest(tree, tag, at, complaints)
  if (!request) return undefined
  const selection = select(names, request.selectors, scope)
  complaints.addAll(selection.complaints)
  if (!selection.isKnown || selection.complaints.some(({ severity }) => severity === 'error'))
    return undefined
  const { gives, many } = selectorTags[tag]
  const targets = gives === 'host' ? onceEach(selection.targets) : selection.targets
  if (!many && targets.length !== 1) {
    const labels = targets.slice(0, 4).map(({ host }) => names.elements.get(host)!.label)
    complaints.error(
      'selectors/several',
      `${tag} needs exactly one host, found ${targets.length}${labels.length > 0 ? `: ${labels.join(', ')}` : ''}${targets.length > 4 ? ', …' : ''}`,
      at,
      targets.length > 1 ? `${tag}s gives the list` : undefined,
    )
    return undefined
  }
  if (gives === 'host') {
    const items = targets.map(({ host }) => toHost(host, names))
    return many ? { kind: 'list', items } : items[0]
  }
  const texts = targets.flatMap((target) => textOf(target, gives, request, at, context) ?? [])
  if (texts.length < targets.length) return undefined
  if (!many) return { kind: 'text', value: texts[0]! }
  if (request.join !== undefined) return { kind: 'text', value: texts.join(request.join) }
  return { kind: 'list', items: texts.map((value) => ({ kind: 'text', value })) }
}

/** By several interfaces, a host is selected several times. */
function onceEach(targets: readonly Target[]): readonly Target[] {
  return [...new Map(targets.map((target) => [target.host, target])).values()]
}

/** What a definition sees of a host, as a value. */
export function toHost(host: string, { elements }: Names): Value {
  let element = elements.get(host)
  while (element && element.kind !== 'cluster') element = elements.get(element.parent)
  return { kind: 'host', name: host, cluster: element?.name ?? '' }
}

function readRequest(
  tree: Tree,
  tag: SelectorTag,
  at: Position,
  complaints: Complaints,
): Request | undefined {
  const wrong = (message: string, where: Position, hint?: string): undefined => {
    complaints.error('schema/type', message, where, hint)
  }
  const parsed = (items: readonly { written: string | SelectorMap; at: Position }[]) => {
    const selectors: Selector[] = []
    for (const item of items) {
      const selector = parseSelector(item.written, item.at)
      if ('complaint' in selector) complaints.add(selector.complaint)
      else selectors.push(selector)
    }
    return selectors.length === items.length ? selectors : undefined
  }
  const texts = (list: Tree | undefined): string[] | undefined => {
    if (list?.kind === 'scalar' && list.source !== '') return [list.source]
    if (list?.kind !== 'list') return undefined
    const items = list.items.map((item) => (item.kind === 'scalar' ? item.source : ''))
    return items.includes('') ? undefined : items
  }
  if (tree.kind !== 'map') {
    const written = texts(tree)
    if (!written || written.length === 0)
      return wrong(`${tag} takes a selector, found ${bare(tree)}`, at, `for example ${tag} vm0`)
    const places = tree.kind === 'list' ? written.map((_, index) => below(at, index)) : [at]
    const selectors = parsed(written.map((text, index) => ({ written: text, at: places[index]! })))
    return selectors && { selectors }
  }
  const known = selectorTags[tag].gives === 'host' ? selectorKeys : requestKeys
  for (const key of tree.entries.keys())
    if (!known.includes(key)) {
      const message = `unknown key '${key}'${didYouMean(key, known)}`
      complaints.error('schema/unknown-key', message, byKey(below(at, key)))
      return undefined
    }
  const plain = toPlain({ ...tree, tag: undefined } as unknown as Tree) as Record<string, unknown>
  const written = texts(child(tree, 'select'))
  if (!written)
    return wrong(
      `${tag} with a map needs a selector in 'select'`,
      at,
      `for example ${tag} { select: vm0 }`,
    )
  for (const key of ['interface', 'as', 'join', 'kind'])
    if (plain[key] !== undefined && typeof plain[key] !== 'string')
      return wrong(`expected text, found ${describe(child(tree, key))}`, below(at, key))
  const family = plain['family']
  if (family !== undefined && family !== 'ipv4' && family !== 'ipv6')
    return wrong(
      `expected ipv4 or ipv6, found ${describe(child(tree, 'family'))}`,
      below(at, 'family'),
    )
  const narrowed = {
    ...(plain['kind'] ? { kind: plain['kind'] as NonNullable<SelectorMap['kind']> } : {}),
    tags: texts(child(tree, 'tags')) ?? [],
    except: texts(child(tree, 'except')) ?? [],
    optional: plain['optional'] === true,
  }
  const selectors = parsed(written.map((text) => ({ written: { select: text, ...narrowed }, at })))
  if (!selectors) return undefined
  return {
    selectors,
    ...(typeof plain['interface'] === 'string' ? { interface: plain['interface'] } : {}),
    ...(family ? { family } : {}),
    ...(typeof plain['as'] === 'string' ? { as: plain['as'] } : {}),
    ...(typeof plain['join'] === 'string' ? { join: plain['join'] } : {}),
  }
}

function textOf(
  target: Target,
  gives: 'ip' | 'hostname' | 'fqdn',
  request: Request,
  at: Position,
  context: ValueContext,
): string | undefined {
  const fact = (name: 'ip' | 'hostname' | 'fqdn'): string | undefined => {
    if (name === 'fqdn') return target.host
    if (name === 'hostname') return context.names.elements.get(target.host)!.label
    return addressOf(target, request, at, context)
  }
  if (request.as === undefined) return fact(gives)
  let failed = false
  const text = request.as.replaceAll(/\{([^{}]*)\}/g, (_, name: string) => {
    const known = name === 'ip' || name === 'hostname' || name === 'fqdn'
    if (!known)
      context.complaints.error(
        'schema/value',
        `{${name}} is nothing that a host has; it has {ip}, {hostname}, {fqdn}`,
        below(at, 'as'),
      )
    const found = known ? fact(name) : undefined
    failed ||= found === undefined
    return found ?? ''
  })
  return failed ? undefined : text
}

function addressOf(
  target: Target,
  { interface: wanted, family }: Request,
  at: Position,
  { interfaces, asked, complaints, names }: ValueContext,
): string | undefined {
  asked.add(target.host)
  const wires = interfaces.get(target.host) ?? []
  const label = wanted?.toLowerCase()
  const wire =
    label !== undefined
      ? wires.find((candidate) => candidate.label === label)
      : target.interface !== undefined
        ? wires.find((candidate) => candidate.name === target.interface)
        : primaryInterface(wires)
  const [address] = ipsOf(wire).filter((one) => !family || one.family === family)
  if (address) return address.ip
  const host = names.elements.get(target.host)!
  const known = wires.map((one) => one.label)
  const kind = family ? { ipv4: 'IPv4 address', ipv6: 'IPv6 address' }[family] : 'static address'
  const where =
    label !== undefined
      ? `${host.name} has no ${kind} at an interface '${label}'`
      : `${target.interface ?? host.name} has no ${kind}`
  const example = family === 'ipv6' ? '2001:db8::1/64' : '192.0.2.1/24'
  const owner = label ?? wire?.label ?? known[0] ?? 'eth0'
  complaints.error(
    'selectors/no-address',
    where,
    label === undefined ? at : below(at, 'interface'),
    label !== undefined && !known.includes(label) && known.length > 0
      ? `its interfaces: ${known.join(', ')}`
      : `give it one: interfaces: { ${owner}: { addresses: [${example}] } }`,
  )
  return undefined
}
