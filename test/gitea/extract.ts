/** What of Swagger 2.0 we look at. */
export interface Description {
  /** Where it is from. */
  readonly $comment?: string
  readonly info: { readonly version: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly definitions: Readonly<Record<string, Schema>>
  readonly responses: Readonly<Record<string, { readonly schema?: Schema }>>
}

export interface Operation {
  readonly parameters?: readonly Parameter[]
  readonly responses: Readonly<Record<string, { readonly $ref: string }>>
}

export interface Parameter extends Schema {
  readonly name: string
  readonly in: 'path' | 'query' | 'body'
  readonly required?: boolean
  readonly schema?: Schema
}

export interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
}

/** What the adapter asks: everything else of Gitea's description is left out. */
const used: Readonly<Record<string, readonly string[]>> = {
  '/user': ['get'],
  '/repos/{owner}/{repo}': ['get'],
  '/repos/{owner}/{repo}/hooks': ['get'],
  '/repos/{owner}/{repo}/branch_protections': ['get'],
  '/repos/{owner}/{repo}/pulls': ['get'],
  '/repos/{owner}/{repo}/pulls/{index}': ['get'],
  '/repos/{owner}/{repo}/commits/{sha}/pull': ['get'],
  '/repos/{owner}/{repo}/commits/{ref}/status': ['get'],
  '/repos/{owner}/{repo}/statuses/{sha}': ['post'],
  '/repos/{owner}/{repo}/issues/{index}/comments': ['get', 'post'],
  '/repos/{owner}/{repo}/issues/comments/{id}': ['patch'],
  '/repos/{owner}/{repo}/issues/comments/{id}/reactions': ['get', 'post'],
  '/repos/{owner}/{repo}/collaborators/{collaborator}/permission': ['get'],
}

/** The part of Gitea's description that is used, without its words. */
export function extract(whole: Description): Description {
  const paths = Object.fromEntries(
    Object.entries(used).map(([path, verbs]) => [
      path,
      Object.fromEntries(verbs.map((verb) => [verb, bare(whole.paths[path]![verb]) as Operation])),
    ]),
  )
  const found: Record<'definitions' | 'responses', Record<string, object>> = {
    definitions: {},
    responses: {},
  }
  const follow = (node: unknown): void => {
    for (const [, room, name] of JSON.stringify(node).matchAll(
      /"\$ref":"#\/(definitions|responses)\/(\w+)"/g,
    )) {
      const kind = room as 'definitions' | 'responses'
      if (name === undefined || found[kind][name] !== undefined) continue
      found[kind][name] = bare(whole[kind][name]) as object
      follow(found[kind][name])
    }
  }
  follow(paths)
  const { version } = whole.info
  const origin = `An extract of Gitea ${version}, templates/swagger/v1_json.tmpl; description.LICENSE is its licence.`
  const { definitions, responses } = found
  const named = { definitions: sorted(definitions), responses: sorted(responses) }
  return { $comment: origin, info: { version }, paths, ...named }
}

/** Texts, and Go's own names, change nothing. */
function bare(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(bare)
  if (typeof node !== 'object' || node === null) return node
  return Object.fromEntries(
    Object.entries(node)
      .filter(
        ([key, value]) =>
          !key.startsWith('x-go-') &&
          !['summary', 'operationId', 'tags', 'produces', 'consumes', 'headers'].includes(key) &&
          !(['description', 'title'].includes(key) && typeof value === 'string'),
      )
      .map(([key, value]) => [key, bare(value)]),
  )
}

const sorted = <Value>(named: Readonly<Record<string, Value>>): Record<string, Value> =>
  Object.fromEntries(Object.entries(named).sort(([a], [b]) => (a < b ? -1 : 1)))
