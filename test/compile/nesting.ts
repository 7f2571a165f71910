import { Document, isMap, parseAllDocuments, Scalar, type ScalarTag, type YAMLMap } from 'yaml'

/** Texts of a repository: path -> YAML. */
export type Texts = Readonly<Record<string, string>>

/** Where each kind stands in its parent, and which parents it may have. */
const places = [
  { kind: 'Cluster', key: 'clusters', parents: ['Domain'] },
  { kind: 'Service', key: 'services', parents: ['Domain', 'Cluster'] },
  { kind: 'Machine', key: 'machines', parents: ['Cluster'] },
] as const

/** The same fleet with every cluster, service and machine in a document of its own. */
export function separate(texts: Texts): Texts {
  return eachFile(texts, (documents) => {
    // What is taken out of one document may have something taken out of it in turn.
    const result = [...documents]
    for (let index = 0; index < result.length; index++) {
      const document = result[index]!
      const nested = places
        .filter(({ parents }) => parents.some((kind) => kind === kindOf(document)))
        .flatMap(({ kind, key }) => takeOut(document, kind, key))
      result.splice(index + 1, 0, ...nested)
    }
    return result
  })
}

/** The same fleet with everything in its domain's document. */
export function nest(texts: Texts): Texts {
  const all = Object.entries(texts).map(([file, text]) => [file, documentsOf(text)] as const)
  const separated = all.flatMap(([, documents]) => documents)
  const parents = new Map<string, YAMLMap>()
  for (const document of separated) {
    const body = document.contents as YAMLMap
    if (kindOf(document) === 'Domain') {
      parents.set(`Domain ${suffixOf(document)}`, body)
      const clusters = body.get('clusters')
      if (isMap(clusters))
        for (const { key, value } of clusters.items)
          parents.set(
            `Cluster ${below(String(key), suffixOf(document))}`,
            mapIn(clusters, key, value),
          )
    }
    if (kindOf(document) === 'Cluster') parents.set(`Cluster ${nameOf(document)}`, body)
  }
  const moved = new Set<Document>()
  for (const { kind, key, parents: kinds } of places)
    for (const document of separated.filter((each) => kindOf(each) === kind)) {
      const [label = '', ...rest] = nameOf(document).split('.')
      const parent = kinds
        .map((each) => parents.get(`${each} ${rest.join('.')}`))
        .find((each) => each !== undefined)
      if (!parent) continue
      const body = document.contents as YAMLMap
      for (const own of ['apiVersion', 'kind', 'name']) body.delete(own)
      const siblings = mapIn(parent, key, parent.get(key, true))
      siblings.add({ key: new Scalar(label), value: body } as never)
      moved.add(document)
    }
  return Object.fromEntries(
    all.map(([file, documents]) => [file, textOf(documents.filter((each) => !moved.has(each)))]),
  )
}

function takeOut(document: Document, kind: string, key: string): readonly Document[] {
  const body = document.contents as YAMLMap
  const nested = body.get(key)
  if (!isMap(nested)) return []
  body.delete(key)
  const parent = kindOf(document) === 'Domain' ? suffixOf(document) : nameOf(document)
  return nested.items.map(({ key: label, value }) => {
    const head = { apiVersion: 'nixcluster/v1', kind, name: below(String(label), parent) }
    const made = new Document(head, { customTags: [force] })
    if (isMap(value)) (made.contents as unknown as YAMLMap).items.push(...(value.items as never[]))
    return made as Document
  })
}

/** The map at a key, made where there is none. */
function mapIn(parent: YAMLMap, key: unknown, value: unknown): YAMLMap {
  if (isMap(value)) return value
  const made = new Document({}).contents as unknown as YAMLMap
  parent.set(key, made)
  return made
}

function eachFile(
  texts: Texts,
  change: (documents: readonly Document[]) => readonly Document[],
): Texts {
  return Object.fromEntries(
    Object.entries(texts).map(([file, text]) => [file, textOf(change(documentsOf(text)))]),
  )
}

/** Its value is typed as one without a tag: kept as it is written. */
const force: ScalarTag = {
  tag: '!force',
  resolve: (text) => text,
  stringify: ({ source, type }) => (type === 'PLAIN' ? source! : JSON.stringify(source)),
}
const documentsOf = (text: string): readonly Document[] =>
  parseAllDocuments(text, {
    logLevel: 'silent',
    intAsBigInt: true,
    customTags: [force],
  }) as unknown as Document[]

function textOf(documents: readonly Document[]): string {
  for (const { directives } of documents) if (directives) directives.docStart = null
  return documents.map((document) => document.toString({ lineWidth: 0 })).join('---\n')
}

const field = (document: Document, key: string): string =>
  String((document.contents as YAMLMap).get(key) ?? '')
const kindOf = (document: Document): string => field(document, 'kind')
const nameOf = (document: Document): string => field(document, 'name')
const suffixOf = (document: Document): string => field(document, 'suffix')
const below = (label: string, parent: string): string =>
  parent === '' ? label : `${label}.${parent}`
