import type { Compilation, SourceTree } from '../model/compilation.ts'
import type { Complaint, Position } from '../model/diagnostic.ts'
import type { ElementKind, Inventory, Service } from '../model/inventory.ts'
import type { Place } from '../schema/parse.ts'
import type { NamedElement } from '../selectors/names.ts'
import { resolvers } from './resolvers.ts'

/**
 * What a compilation without errors leaves behind, beside the tree that it was of: what of each
 * element the others see, and what it took the whole fleet to find out. Plain data.
 */
export interface Memory {
  readonly lock: Compilation['lock']
  readonly counts: Compilation['counts']
  /** Warnings, and the lines of all places that they name. */
  readonly complaints: readonly Complaint[]
  readonly places: readonly (readonly [Position, Place])[]
  /** Files of the configuration, by path. */
  readonly files: readonly string[]
  /** Names of the flake inputs. */
  readonly inputs: readonly string[]
  readonly elements: readonly KnownElement[]
  readonly services: readonly KnownService[]
  /** Hosts whose addresses stand in values elsewhere, by selectors. */
  readonly asked: readonly string[]
  /** Addresses and MAC addresses that are taken. */
  readonly claimed: readonly string[]
  /** Machines whose Nix may call `resolve`. */
  readonly resolvers: readonly string[]
}

/** An element as others see it, and the file that it stands in. */
export interface KnownElement extends Pick<NamedElement, 'kind' | 'name' | 'tags' | 'moduleless'> {
  readonly kind: ElementKind
  readonly file: string
}

/** A service as its hosts see it. */
export type KnownService = Pick<
  Service,
  'kind' | 'name' | 'label' | 'at' | 'parent' | 'hosts' | 'roles' | 'modules' | 'definition'
>

/** A fleet that was resolved, and what was seen on the way. */
export interface Resolved {
  readonly inventory: Inventory
  readonly elements: readonly NamedElement[]
  readonly asked: Iterable<string>
  readonly claimed: Iterable<string>
}

/** A source tree that was looked at; what was resolved is there unless there are errors. */
export interface Examined
  extends Pick<Compilation, 'diagnostics' | 'lock' | 'counts' | 'locate'>, Partial<Resolved> {
  readonly complaints: readonly Complaint[]
  readonly files: readonly string[]
}

/** Writes down what the next compilation may start from; nothing of one with errors. */
export function remember(
  { texts }: SourceTree,
  { inventory, elements, asked, claimed, complaints, files, locate, lock, counts }: Examined,
): Memory | undefined {
  if (!inventory || !elements || !asked || !claimed) return undefined
  const positions = complaints.flatMap(({ at, related }) => [at ?? [], related ?? []].flat())
  return {
    lock,
    counts,
    files,
    complaints,
    places: positions.map((position) => [position, locate(position)]),
    inputs: inventory.inputs.map(({ name }) => name),
    elements: elements.map(({ kind, name, tags, moduleless, at }) => ({
      kind,
      name,
      file: at.file,
      ...(tags ? { tags } : {}),
      ...(moduleless ? { moduleless } : {}),
    })),
    services: inventory.services.map(
      ({ kind, name, label, at, parent, hosts, roles, modules, definition }) => ({
        ...{ kind, name, label, at, parent, hosts, roles, modules },
        ...(definition ? { definition } : {}),
      }),
    ),
    asked: [...asked],
    claimed: [...claimed],
    resolvers: [...resolvers(inventory, texts)],
  }
}
