import type { Graph, GraphEdge, GraphGroup, GraphNode } from './graph.ts'

/** A graph for Graphviz: `dot -Tsvg`. */
export function dotText({ groups, edges }: Graph): string {
  const frame = (group: GraphGroup, indent: string): string[] => [
    // Graphviz draws a frame around those whose name begins so.
    `${indent}subgraph ${quoted(`cluster_${group.name}`)} {`,
    `${indent}  label = ${labelText(group.label)};`,
    ...group.nodes.map((node) => `${indent}  ${quoted(node.name)} [${attributes(node)}];`),
    ...group.groups.flatMap((inner) => frame(inner, `${indent}  `)),
    `${indent}}`,
  ]
  return [
    'digraph nixcluster {',
    '  rankdir = LR;',
    ...groups.flatMap((group) => frame(group, '  ')),
    ...edges.map(({ from, to, kind }) => `  ${quoted(from)} -> ${quoted(to)}${styles[kind]};`),
    '}',
    '',
  ].join('\n')
}

const styles: Readonly<Record<GraphEdge['kind'], string>> = {
  role: ' [arrowhead = none]',
  runs: '',
  known: ' [style = dashed]',
  contains: ' [arrowhead = none]',
}

const shapes: Readonly<Record<GraphNode['kind'], string>> = {
  service: 'shape = ellipse',
  role: 'shape = box, style = rounded',
  machine: 'shape = box',
  vhost: 'shape = component',
}

const attributes = ({ kind, label }: GraphNode): string =>
  `label = ${labelText(label.join('\n'))}, ${shapes[kind]}`

/** A backslash begins an escape in labels, `\N` for one, and an ampersand a character of HTML. */
const labelText = (text: string): string =>
  quoted(text.replaceAll('\\', '\\\\').replaceAll('&', '&amp;')).replaceAll('\n', '\\n')

const quoted = (text: string): string => `"${text.replaceAll('"', '\\"')}"`
