import type { BootPart } from './system-contents.ts'

/** What putting one system in the place of another changes on a machine; lists are sorted by name. */
export interface SystemDiff {
  /** Toplevel that it was given last; absent for a machine that was given none. */
  readonly before?: string
  readonly after: string
  /**
   * `derivations`: one of the two is not built here, so only packages are known, and among them those
   * that building takes. `nothing`: not even that; the systems differ, nobody here knows in what.
   */
  readonly compared: 'closures' | 'derivations' | 'nothing'
  readonly units: readonly UnitChange[]
  /** Below /etc, without the units. */
  readonly files: readonly FileChange[]
  readonly packages: readonly PackageChange[]
  /** Bytes by which the closure grows; 0 unless closures are compared. */
  readonly sizeDelta: number
  /** What only a reboot brings into effect. */
  readonly reboot: readonly BootPart[]
  /** `dbus-implementation dbus → broker`: NixOS refuses to switch for it; left out where it does not. */
  readonly refusedFor?: readonly string[]
  /** Those that the system makes, with their groups. */
  readonly users: readonly UserChange[]
  readonly ports: readonly PortChange[]
  /** Containers and guests, one level down. */
  readonly virtualHosts: readonly VirtualHostChange[]
}

export interface UserChange {
  readonly name: string
  readonly kind: 'added' | 'removed' | 'changed'
  /** What of it changes: `groups +wheel`, `keys 1 → 2`, `shell`; what one that is added may do. */
  readonly what: readonly string[]
}

/** A port or a range that the firewall opens or closes. */
export interface PortChange {
  /**
   * `443/tcp`, `60000-61000/udp`, with the interface where it is for one: `9100/tcp on wg0`; `all on wg0`
   * of an interface that is trusted, `all` where there is no firewall.
   */
  readonly port: string
  readonly kind: 'opens' | 'closes'
}

export interface VirtualHostChange {
  /** The name that its machine knows it by. */
  readonly name: string
  readonly kind: 'added' | 'removed' | 'changed'
  /** What the switch of its machine does to it; left out where it does nothing. */
  readonly effect?: Exclude<UnitChange['effect'], 'none'>
  /** Of one that is changed. */
  readonly diff?: SystemDiff
}

export interface UnitChange {
  readonly name: string
  readonly kind: 'added' | 'removed' | 'changed'
  /** What the switch does to it if it runs, or is to run. */
  readonly effect: 'starts' | 'stops' | 'restarts' | 'reloads' | 'none'
  /** Hunks of a unified diff; absent for what is added or removed whole. */
  readonly patch?: string
}

export interface FileChange {
  /** With `/etc/` in front. */
  readonly path: string
  readonly kind: 'added' | 'removed' | 'changed'
  /** Hunks of a unified diff, where both sides are text. */
  readonly patch?: string
  /** Bytes; absent where it is not there, or not known. */
  readonly sizeBefore?: number
  readonly sizeAfter?: number
}

export interface PackageChange {
  readonly name: string
  /** Versions, sorted; empty where it is not there. `''` is a package without a version. */
  readonly before: readonly string[]
  readonly after: readonly string[]
}
