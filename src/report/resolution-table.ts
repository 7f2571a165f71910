import { primaryInterface } from '../model/addresses.ts'
import type { Position } from '../model/diagnostic.ts'
import type { Element, ElementKind, Host, Inventory } from '../model/inventory.ts'
import { hostsOf, kindText, ownInterfaces } from '../model/names.ts'
import { columns } from './plain.ts'

/** What of a resolved selector is in its table. */
export interface ResolvedElements {
  readonly elements: readonly { readonly kind: ElementKind; readonly name: string }[]
  readonly hosts: readonly string[]
}

/** Elements with their places, and below them their hosts with their addresses. */
export function resolutionTable(
  { elements, hosts }: ResolvedElements,
  inventory: Inventory,
  placeOf: (at: Position) => string,
): string {
  const known = new Map(hostsOf(inventory).map((host) => [host.name, host]))
  const ats = placesOf(inventory)
  const heads = elements.map(({ kind, name }) => {
    const at = ats.get(name)
    return [name, at ? `${kindText(kind)}, ${placeOf(at)}` : kindText(kind)]
  })
  const rows = hosts.map((host) => hostRow(known.get(host)!))
  const indented = rows.map(([name = '', ...rest]) => [`  ${name}`, ...rest])
  return [...columns(heads), ...columns(indented), ''].join('\n')
}

function hostRow(host: Host): string[] {
  const wire = primaryInterface(host.interfaces)
  const addresses = wire?.addresses.map((text) => text.split('/')[0]) ?? []
  return [host.name, addresses.join(', ') || '-', wire?.label ?? '']
}

function placesOf(inventory: Inventory): Map<string, Position> {
  const { domains, clusters, services } = inventory
  const all: readonly Element[] = [
    ...domains,
    ...clusters,
    ...services.flatMap((service) => [service, ...service.roles]),
    ...hostsOf(inventory).flatMap((host) => [host, ...ownInterfaces(host)]),
  ]
  return new Map(all.map(({ name, at }) => [name, at]))
}
