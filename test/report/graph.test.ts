import { Graphviz } from '@hpcc-js/wasm-graphviz'
import { expect, test } from 'vitest'
import type { Inventory } from '../../src/model/inventory.ts'
import { graphOf, type Graph, type GraphNode } from '../../src/report/graph.ts'
import { dotText } from '../../src/report/graph-dot.ts'
import { mermaidText } from '../../src/report/graph-mermaid.ts'
import { inventoryOf } from '../compile/fleet.ts'

const graphviz = await Graphviz.load()

const inventory = inventoryOf(`services:
  store:
    selectors: [vm0, vm1]
    roles: { first: [vm0], user: { selectors: [vm2], runs: false } }
  web: { selectors: [page.vm0] }
machines:
  vm0: { virtualHosts: { page: { type: nixos-container } } }
  vm1:
  vm2:
`)

test('services and roles point to their hosts, machines to what runs on them', () => {
  const { groups, edges } = graphOf(inventory, { max: 10 })
  const cluster = groups[0]!.groups[0]!
  expect([groups[0]!.label, cluster.label]).toEqual(['com', 'example.com'])
  expect(cluster.nodes.map(({ kind, label }) => `${kind} ${label.join(' ')}`)).toEqual([
    'service store',
    'role first',
    'role user',
    'service web',
    'machine vm0',
    'machine vm1',
    'machine vm2',
    'vhost page.vm0',
  ])
  expect(edges.map(({ from, to, kind }) => `${from} ${kind} ${to}`)).toEqual([
    'store.example.com role first.store.example.com',
    'store.example.com role user.store.example.com',
    'first.store.example.com runs vm0.example.com',
    'user.store.example.com known vm2.example.com',
    'store.example.com runs vm1.example.com',
    'web.example.com runs page.vm0.example.com',
    'vm0.example.com contains page.vm0.example.com',
  ])
})

test('Mermaid gets a flowchart', () => {
  expect(mermaidText(graphOf(inventory, { max: 10 }))).toBe(`flowchart LR
  subgraph n0["com"]
    subgraph n1["example.com"]
      n2(["store"])
      n3("first")
      n4("user")
      n5(["web"])
      n6["vm0"]
      n7["vm1"]
      n8["vm2"]
      n9[["page.vm0"]]
    end
  end
  n2 --- n3
  n2 --- n4
  n3 --> n6
  n4 -.-> n8
  n2 --> n7
  n5 --> n9
  n6 --- n9
`)
})

test('Graphviz draws the same nodes, frames and edges', () => {
  const graph = graphOf(inventory, { max: 10 })
  const drawn = layOut(graph)
  expect(drawn.labels).toEqual({
    cluster_com: 'com',
    'cluster_example.com': 'example.com',
    ...Object.fromEntries(
      graph.groups[0]!.groups[0]!.nodes.map(({ name, label }) => [name, label.join('\n')]),
    ),
  })
  expect(drawn.edges.sort()).toEqual(graph.edges.map(({ from, to }) => `${from} -> ${to}`).sort())
})

test('a selection is drawn with the machines below it, and a service alone', () => {
  const web = graphOf(inventory, {
    max: 10,
    hosts: new Set(['page.vm0.example.com']),
    services: new Set(['web.example.com']),
  })
  expect(labelsOf(web)).toEqual(['web', 'vm0', 'page.vm0'])
  const vm1 = graphOf(inventory, { max: 10, hosts: new Set(['vm1.example.com']) })
  expect(labelsOf(vm1)).toEqual(['store', 'vm1'])
})

/** Machines in two halves that differ by a service, and all in another one; a container on each. */
const fleet = (size: number): Inventory =>
  inventoryOf(`services:
  dns: { selectors: [example.com] }
  odd: { selectors: ["*1", "*3", "*5", "*7", "*9"] }
machines:
${Array.from(
  { length: size },
  (_, index) => `  vm${index}: { virtualHosts: { box: { type: nixos-container } } }`,
).join('\n')}
`)

test('many hosts that the same services have are drawn as one, with their number', () => {
  const graph = graphOf(fleet(40), { max: 19 })
  expect(labelsOf(graph)).toEqual([
    'dns',
    'odd',
    'vm0 … vm38, 20 machines',
    'vm1 … vm39, 20 machines',
    'box.vm0 … box.vm38, 20 virtual hosts',
    'box.vm1 … box.vm39, 20 virtual hosts',
  ])
  expect(graph.edges).toHaveLength(7)
  expect(labelsOf(graphOf(fleet(40), { max: 20 }))).toHaveLength(82)
})

const oddLabels = [
  '"',
  'a"];x["',
  'end',
  '\\',
  '\\"',
  'a\\nb',
  '#quot;',
  '<b>&amp;</b>',
  '`x`',
  'ü…',
  '%%',
  '-->',
]

test('labels stay text, whatever they are', () => {
  const nodes = oddLabels.map((label, index): GraphNode => ({
    name: `n"${index}`,
    kind: 'machine',
    label: [label],
  }))
  const graph: Graph = {
    groups: [{ name: 'x"', label: '"}', nodes, groups: [] }],
    edges: nodes.map(({ name }) => ({ from: name, to: nodes[0]!.name, kind: 'runs' })),
  }
  const { labels, edges } = layOut(graph)
  for (const { name, label } of nodes) expect(labels[name]).toBe(label[0])
  expect(edges).toHaveLength(oddLabels.length)
  // One line for each, and between its quotes nothing that Mermaid would read.
  const lines = mermaidText(graph)
    .split('\n')
    .filter((line) => line.startsWith('    '))
  expect(lines.map((line) => /^ {4}n\d+\["([^"\\<>`&]*)"\]$/.exec(line)?.[1])).toEqual(
    oddLabels.map((label) =>
      label.replaceAll(/["#&<>`\\]/g, (character) => `#${character.codePointAt(0)};`),
    ),
  )
})

const labelsOf = ({ groups }: Graph): string[] =>
  groups.flatMap((group) => [
    ...group.nodes.map(({ label }) => label.join(', ')),
    ...labelsOf({ groups: group.groups, edges: [] }),
  ])

/** What Graphviz itself read: labels as they are drawn, edges by the names of their ends. */
function layOut(graph: Graph) {
  const { objects, edges } = JSON.parse(graphviz.layout(dotText(graph), 'json')) as {
    objects: readonly { name: string; label: string; _ldraw_?: readonly { text?: string }[] }[]
    edges: readonly { tail: number; head: number }[]
  }
  const drawn = objects.map(({ name, _ldraw_ = [] }) => {
    const lines = _ldraw_.flatMap(({ text }) => (text === undefined ? [] : [text]))
    // Graphviz writes a backslash twice into its JSON.
    return [name, lines.join('\n').replaceAll('\\\\', '\\')]
  })
  return {
    labels: Object.fromEntries(drawn) as Record<string, string>,
    edges: edges.map(({ tail, head }) => `${objects[tail]!.name} -> ${objects[head]!.name}`),
  }
}
