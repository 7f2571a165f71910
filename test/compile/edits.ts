import { parseAllDocuments, visit, type Document, type YAMLMap } from 'yaml'
import type { SourceTree } from '../../src/model/compilation.ts'
import { mutate } from '../schema/mutated.ts'

type Numbers = (below: number) => number

/** What stands in a repository; files without a text are known by their paths. */
export interface Repository {
  readonly texts: Readonly<Record<string, string>>
  readonly files: readonly string[]
}

/** A repository as the compiler takes it. */
export function toSource({ texts, files }: Repository): SourceTree {
  return {
    texts: new Map(Object.entries(texts)),
    paths: new Set([...Object.keys(texts), ...files]),
  }
}

/** What people write where a value stands, right or wrong. */
const values = [
  ...['1', '22', 'true', 'yes', '~', 'x', 'vm0', 'web', '"*"', 'tag:rack-a', '!nix pkgs.hello'],
  ...['!ip vm0', '!ips "*"', '!ips web', '!hosts "*"', '!fqdn vm1', '!hostnames { select: web }'],
  ...['!path ./x.nix', '!read /notes.txt', '!force 5', '/modules/base.nix', './other.nix'],
  ...[
    '10.0.0.1/24',
    '10.0.0.77/24',
    'fd00::77/64',
    '10.0.0.254',
    '1.50',
    '017',
    '02:00:00:00:00:01',
  ],
  ...['{ a: 1 }', '[x, y]', '[]', '{}', 'aarch64-linux', 'oci-container', 'nixos-container'],
]
const keys = [
  ...['config', 'data', 'tags', 'modules', 'users', 'deployment', 'interfaces', 'addresses'],
  ...[
    'managed',
    'system',
    'settings',
    'primary',
    'gateway',
    'password',
    'boot.x',
    'services.y.enable',
  ],
]
/** What stands for something elsewhere. */
const seen = /\d+\.\d+\.\d+\.\d+|vm\d|web\d?|tag:[\w-]+|rack-a|eth\d|!ips?|com\b/g
const modules = ['{ }\n', '{ resolve, ... }: { }\n', '{ config, ... }: { x = 1; }\n']

/** One edit of a repository such as people make, some of them by mistake. */
export function edit(repository: Repository, next: Numbers): Repository {
  const { texts, files } = repository
  const yaml = Object.keys(texts).filter((path) => path.endsWith('.yaml'))
  const path = yaml[next(yaml.length)]!
  const write = (text: string, to = path): Repository => ({
    files,
    texts: { ...texts, [to]: text },
  })
  const inDocuments = (change: (document: Document) => void): Repository => {
    const documents = parseAllDocuments(texts[path]!)
    if (!Array.isArray(documents) || documents.some(({ errors }) => errors.length > 0))
      return repository
    const document = documents[next(documents.length)]
    try {
      if (document) change(document as Document)
      return write(documents.map(String).join('---\n'))
    } catch {
      // No map stands there, or an alias has lost its anchor.
      return repository
    }
  }
  switch (next(20)) {
    case 0:
    case 1:
    case 2:
      return inDocuments((document) => {
        const scalar = pick(scalarsIn(document), next)
        if (scalar) Object.assign(scalar, parsed(values[next(values.length)]!))
      })
    case 3:
    case 4:
      return inDocuments((document) => {
        const map = pick(mapsIn(document), next)
        map?.set(pick(keys, next), parsed(pick(values, next)!))
      })
    case 5:
    case 6:
    case 7:
      return inDocuments((document) => {
        const map = pick(
          mapsIn(document).filter((one) => one.has('config')),
          next,
        )
        map?.setIn(['config', `services.s${next(4)}.port`], parsed(pick(values, next)!))
      })
    case 8:
      return inDocuments((document) => {
        const map = pick(mapsIn(document), next)
        map?.items.splice(next(map.items.length), next(2))
      })
    case 9:
      return inDocuments((document) => void pick(mapsIn(document), next)?.items.reverse())
    case 10:
      return write(`# a remark\n\n${texts[path]}`)
    case 11:
      return write(mutate(texts[path]!, next))
    case 12: {
      const gone = next(2) === 0 ? path : pick(Object.keys(texts), next)!
      const { [gone]: _, ...others } = texts
      return yaml.length > 1 ? { files, texts: others } : repository
    }
    case 13:
      return write(texts[path]!.replaceAll('vm0', 'vm9'), `clusters/new${next(3)}.yaml`)
    case 14: {
      const nix = Object.keys(texts).filter((one) => one.endsWith('.nix'))
      const module = pick(nix, next)
      return module === undefined ? repository : write(pick(modules, next)!, module)
    }
    case 15:
    case 16:
    case 17: {
      // An address, a name, a tag: by these, others see it.
      const words = [...texts[path]!.matchAll(seen)]
      const [word, at] = [pick(words, next)?.[0], pick(words, next)?.index ?? 0]
      if (word === undefined) return repository
      return write(texts[path]!.slice(0, at) + texts[path]!.slice(at).replace(seen, word))
    }
    case 18: {
      const addresses = [...texts[path]!.matchAll(/(?<=10\.\d+\.\d+\.)\d+/g)]
      const address = pick(addresses, next)
      if (!address) return repository
      const { index } = address
      const rest = texts[path]!.slice(index + address[0].length)
      return write(`${texts[path]!.slice(0, index)}${1 + next(12)}${rest}`)
    }
    default: {
      const file = pick(['notes.txt', 'modules/more.nix', 'clusters/x.nix', 'ignored.yaml'], next)!
      if (file.endsWith('.txt'))
        return { texts, files: files.includes(file) ? [] : [...files, file] }
      if (texts[file] === undefined) return write(file.endsWith('.nix') ? '{ }\n' : 'x: 1\n', file)
      const { [file]: _, ...others } = texts
      return { files, texts: others }
    }
  }
}

const parsed = (text: string): never => parseAllDocuments(text)[0]!.contents as never

function pick<T>(all: readonly T[], next: Numbers): T | undefined {
  return all[next(all.length)]
}

function scalarsIn(document: Document): object[] {
  const found: object[] = []
  visit(document, {
    Scalar: (key, node) => void (key === 'key' || found.push(node)),
  })
  return found
}

function mapsIn(document: Document): YAMLMap[] {
  const found: YAMLMap[] = []
  visit(document, { Map: (_, node) => void found.push(node) })
  return found
}
