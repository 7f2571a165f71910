/** Package -> versions, sorted; `''` is a package without a version. */
export type Packages = Readonly<Record<string, readonly string[]>>

/** What is in a NixOS toplevel, as far as a plan compares it. */
export interface SystemContents {
  readonly system: string
  /** unit name -> its content: unit file and drop-ins; scripts and who wants it as comments */
  readonly units: Readonly<Record<string, string>>
  /** path below /etc -> its size in bytes, and its text where it is one and not too long */
  readonly files: Readonly<
    Record<string, { readonly hash: string; readonly text?: string; readonly size?: number }>
  >
  /** Those of the closure, without the virtual hosts'. */
  readonly packages: Packages
  /** Closure size, bytes, with the virtual hosts'. */
  readonly size: number
  /** What each part leads to or holds; empty where a container has none. */
  readonly boot: Readonly<Record<BootPart, string>>
  /** What may not change under a running system, by name; empty before NixOS 26.05. */
  readonly inhibitors: Readonly<Record<string, string>>
  /**
   * user -> what it is: uid where it is fixed, group, groups, description, home, shell, kind, public
   * keys a line each, and of its password only a hash; what is empty is left out.
   */
  readonly users: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** `443/tcp`, `60000-61000/udp`, `9100/tcp on wg0`, `all on wg0`; only `all` without a firewall. */
  readonly ports: readonly string[]
  /** Systems of containers and guests, by the name that the machine knows them by. */
  readonly virtualHosts: Readonly<Record<string, VirtualHostContents>>
}

/** The system of a virtual host; what it has of virtual hosts itself is not looked into. */
export interface VirtualHostContents extends SystemContents {
  /** The unit of its host that runs it. */
  readonly unit: string
  /** Units, and paths below /etc, of the host: what changes in them with this system alone is no news. */
  readonly namedIn: readonly string[]
}

/**
 * What of a toplevel only a reboot brings into effect, by its names there. Kernel, modules and initrd are
 * what NixOS itself reboots for (system.autoUpgrade.allowReboot); parameters are the kernel's. A switch
 * executes systemd anew, but all that started with the old one keeps running.
 */
export const bootParts = ['kernel', 'kernel-modules', 'kernel-params', 'initrd', 'systemd'] as const

export type BootPart = (typeof bootParts)[number]
