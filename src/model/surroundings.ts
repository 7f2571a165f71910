import type { Target } from './remote.ts'

/** What is seen around the controller, as data; what it means is said in `report/findings`. */

/** A program as it was found in PATH, or at its path. */
export interface ProgramFacts {
  readonly path: string
  /** What it says of its version, or why it does not. */
  readonly said: string
  readonly runs: boolean
}

/** The private key that git and the machines are logged in to with. */
export type KeyFacts =
  /** `type`: `ssh-ed25519` */
  | { readonly kind: 'usable'; readonly type: string }
  | { readonly kind: 'passphrase' }
  /** ssh does not use one that others may read; permission bits. */
  | { readonly kind: 'exposed'; readonly mode: number }
  | { readonly kind: 'unusable'; readonly said: string }

/** The state folder, or the one that it would be made in. */
export interface FolderFacts {
  readonly folder: string
  readonly isThere: boolean
  /** Why this user may not write: `EACCES`, `EROFS`. */
  readonly refusal?: string
  /** User ids. */
  readonly owner: number
  readonly us: number
  readonly freeBytes: number
}

/** Who has the address that the controller listens on. */
export type AddressFacts =
  | { readonly kind: 'free' | 'controller' }
  /** `code`: the system's, `EADDRINUSE`. */
  | { readonly kind: 'refused'; readonly code: string }

/** The store that the controller's Nix works with. */
export interface StoreFacts {
  /** `daemon`, `local` */
  readonly url: string
  /** Whether this user may make garbage-collector roots. */
  readonly mayRoot: boolean
}

/** Nix' settings, those that matter here. */
export interface NixSettings {
  readonly system: string
  readonly extraPlatforms: readonly string[]
  /** Builds see nothing of the machine that they run on. */
  readonly sandbox: boolean
}

/** What came of a foreign evaluation that tries to read a file of the machine. */
export type CageFacts = 'closed' | 'open'

/** How deploy-rs and Nix get on with each other. */
export interface PairFacts {
  /** deploy-rs found out what to build, built it and went on to copying. */
  readonly fits: boolean
  /** The last that was said. */
  readonly said: string
}

/** A Redis that answers. */
export interface RedisFacts {
  readonly name: 'Redis' | 'Valkey'
  readonly version: string
  /** Of what it does when its memory is full. */
  readonly policy: string
  readonly role: string
}

/** A machine, seen over SSH by root. */
export interface MachineFacts {
  /** Empty: there is no Nix. */
  readonly nix: string
  /** As `uname -m` has it. */
  readonly architecture: string
  readonly freeBytes: number
  /** Its clock less ours. */
  readonly aheadMs: number
  /** What `systemctl is-system-running` says. */
  readonly systemd: string
  readonly failedUnits: readonly string[]
  /** Programs that our scripts need and that are not there. */
  readonly missing: readonly string[]
  /** Users and `@groups` whose unsigned paths Nix takes. */
  readonly trusted: readonly string[]
  /** Groups of the user that we log in as. */
  readonly groups: readonly string[]
  /** An attempt's activation is alive. */
  readonly locked: boolean
  /** The ledger whose lease lies there; empty: none does. */
  readonly lease: string
  /** Whom that lease belongs to. */
  readonly owner: string
}

/** Looks at the machine that the controller runs on, and at what is around it; all throw what is said instead of an answer. */
export interface Surroundings {
  /** Undefined: there is no such program. */
  program(
    program: string,
    versionFlag: string,
    signal: AbortSignal,
  ): Promise<ProgramFacts | undefined>
  key(file: string, signal: AbortSignal): Promise<KeyFacts>
  folder(folder: string): Promise<FolderFacts>
  address(
    address: { readonly host: string; readonly port: number },
    signal: AbortSignal,
  ): Promise<AddressFacts>
  redis(signal: AbortSignal): Promise<RedisFacts>
  readonly nix: NixSurroundings
  /** Has deploy-rs build something with Nix. */
  pair(signal: AbortSignal): Promise<PairFacts>
  /** Also throws UnreachableError. */
  machine(target: Target, limitMs: number): Promise<MachineFacts>
}

/** Nix, tried out as the controller uses it. */
export interface NixSurroundings {
  /** Whether it evaluates at all, with flakes. */
  evaluate(signal: AbortSignal): Promise<void>
  store(signal: AbortSignal): Promise<StoreFacts>
  settings(signal: AbortSignal): Promise<NixSettings>
  cage(signal: AbortSignal): Promise<CageFacts>
  /** Builds a file for a system; it stays in the store until it is collected. */
  build(system: string, signal: AbortSignal): Promise<void>
}
