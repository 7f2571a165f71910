/** Package -> versions, sorted; `''` is a package without a version. */
export type Packages = Readonly<Record<string, readonly string[]>>

/** What is in a NixOS toplevel, as far as a plan compares it. */
export interface SystemContents {
  readonly system: string
  /** unit name -> its content: unit file and drop-ins; scripts and who wants it as comments */
  readonly units: Readonly<Record<string, string>>
  /** path below /etc -> text, or undefined where it is no text or too long */
  readonly files: Readonly<Record<string, { readonly hash: string; readonly text?: string }>>
  /** Those of the closure, without the virtual hosts'. */
  readonly packages: Packages
  /** Closure size, bytes. */
  readonly size: number
  /** Store paths whose change needs a reboot. */
  readonly kernel: string
  readonly initrd: string
  readonly systemd: string
  /** user -> what it is, as texts: groups, shell, home, keys */
  readonly users: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** `443/tcp`, `60000-61000/udp`, `9100/tcp on wg0`; sorted */
  readonly ports: readonly string[]
  /** Systems of containers, by the name that the machine knows them by. */
  readonly virtualHosts: Readonly<Record<string, SystemContents>>
}
