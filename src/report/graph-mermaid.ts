import type { Graph, GraphEdge, GraphGroup, GraphNode } from './graph.ts'

/** A flowchart of Mermaid, as forges draw it in a fenced block. */
export function mermaidText({ groups, edges }: Graph): string {
  const ids = new Map<string, string>()
  const idOf = (name: string): string => {
    if (!ids.has(name)) ids.set(name, `n${ids.size}`)
    return ids.get(name)!
  }
  const frame = (group: GraphGroup, indent: string): string[] => [
    `${indent}subgraph ${idOf(group.name)}[${quoted([group.label])}]`,
    ...group.nodes.map((node) => `${indent}  ${idOf(node.name)}${shape(node)}`),
    ...group.groups.flatMap((inner) => frame(inner, `${indent}  `)),
    `${indent}end`,
  ]
  const frames = groups.flatMap((group) => frame(group, '  '))
  const lines = edges.map(({ from, to, kind }) => `  ${idOf(from)} ${arrows[kind]} ${idOf(to)}`)
  return ['flowchart LR', ...frames, ...lines, ''].join('\n')
}

const arrows: Readonly<Record<GraphEdge['kind'], string>> = {
  role: '---',
  runs: '-->',
  known: '-.->',
  contains: '---',
}

function shape({ kind, label }: GraphNode): string {
  const text = quoted(label)
  switch (kind) {
    case 'service':
      return `([${text}])`
    case 'role':
      return `(${text})`
    case 'machine':
      return `[${text}]`
    case 'vhost':
      return `[[${text}]]`
  }
}

/** Mermaid reads labels as HTML, and writes what is special by its code point. */
function quoted(lines: readonly string[]): string {
  const safe = lines.map((line) =>
    line.replaceAll(/["#&<>`\\\p{Cc}]/gu, (character) => `#${character.codePointAt(0)};`),
  )
  return `"${safe.join('<br>')}"`
}
