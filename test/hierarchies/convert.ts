import {
  Document,
  isMap,
  isScalar,
  parseAllDocuments,
  YAMLMap,
  type Pair,
  type Scalar,
  type ScalarTag,
} from 'yaml'

const text = ({ doc }: { doc: Document }): ScalarTag =>
  doc.schema.tags.find(({ tag }) => tag === 'tag:yaml.org,2002:str') as ScalarTag

/** A tagged scalar is written as it was: `!force 3` is a number, `!force "3"` a text. */
const customTags = '!nix !path !read !force !ip !ips !hostname !hostnames !fqdn !fqdns !host !hosts'
  .split(' ')
  .map((tag): ScalarTag => ({
    tag,
    resolve: (source) => source,
    stringify: (node, context, ...more) => {
      if (!isScalar(node)) return (node as Body).toString(context, ...more)
      if (node.type === 'PLAIN') return node.source!
      return text(context).stringify!(node, context, ...more)
    },
  }))

type Body = YAMLMap<Scalar, unknown>

/** An element as a document of its own would have it: its kind, its full name, its settings. */
interface Part {
  readonly kind: string
  readonly name: string
  readonly body: Body
}

const namingOf = (kind: string): string => (kind === 'Domain' ? 'suffix' : 'name')
const heads = ['apiVersion', 'kind', 'name', 'suffix']

/** What may stand in a document of its own: below which key, and of which kind. */
const inside = [
  ['services', 'Service'],
  ['clusters', 'Cluster'],
  ['machines', 'Machine'],
] as const

export interface Converted {
  /** The Project document, if there is one. */
  readonly projects: readonly string[]
  readonly documents: readonly string[]
}

/** The documents of YAML texts with every domain, cluster, service and machine in one of its own. */
export function separate(texts: Iterable<string>): Converted {
  const { projects, parts } = read(texts)
  return { projects, documents: parts.map(write) }
}

/** The same with everything nested in its domain. */
export function nest(texts: Iterable<string>): Converted {
  const { projects, parts } = read(texts)
  const byName = new Map(parts.map((part) => [part.name, part]))
  for (const part of parts) {
    if (part.kind === 'Domain') continue
    const [label = '', ...rest] = part.name.split('.')
    const parent = byName.get(rest.join('.'))!
    const [key] = inside.find(([, kind]) => kind === part.kind)!
    const place = (parent.body.get(key) as Body | undefined) ?? new YAMLMap<Scalar, unknown>()
    place.set(label as never, part.body)
    parent.body.set(key as never, place)
  }
  return { projects, documents: parts.filter(({ kind }) => kind === 'Domain').map(write) }
}

function read(texts: Iterable<string>): { projects: string[]; parts: Part[] } {
  const projects: string[] = []
  const parts: Part[] = []
  for (const text of texts)
    for (const document of parseAllDocuments(text, { customTags, intAsBigInt: true })) {
      if (!isMap(document.contents)) continue
      const kind = String(document.get('kind'))
      if (kind === 'Project') {
        projects.push(textOf(document.contents as Body))
        continue
      }
      const body = document.contents as Body
      const name = String(document.get(namingOf(kind))).toLowerCase()
      body.items = body.items.filter(({ key }) => !heads.includes(key.source ?? String(key.value)))
      takeApart({ kind, name, body }, parts)
    }
  return { projects, parts }
}

function takeApart(part: Part, parts: Part[]): void {
  parts.push(part)
  for (const [key, kind] of inside) {
    const place = part.body.items.find((item) => keyOf(item) === key)
    if (!place || (key === 'machines' && part.kind !== 'Cluster')) continue
    part.body.delete(place.key as never)
    for (const item of isMap(place.value) ? (place.value as Body).items : []) {
      const label = keyOf(item).toLowerCase()
      const name = part.name === '' ? label : `${label}.${part.name}`
      const body = isMap(item.value) ? (item.value as Body) : new YAMLMap<Scalar, unknown>()
      takeApart({ kind, name, body }, parts)
    }
  }
}

function keyOf({ key }: Pair<Scalar, unknown>): string {
  return isScalar(key) ? (key.source ?? String(key.value)) : String(key)
}

function write({ kind, name, body }: Part): string {
  const document = new YAMLMap<Scalar, unknown>()
  document.set('apiVersion' as never, 'nixcluster/v1')
  document.set('kind' as never, kind)
  document.set(namingOf(kind) as never, name)
  document.items.push(...body.items)
  return textOf(document)
}

function textOf(contents: Body): string {
  const document = new Document(undefined, { customTags })
  document.contents = contents as never
  return document.toString({ lineWidth: 0 })
}
