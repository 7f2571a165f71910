import type { Position } from './diagnostic.ts'
import type { ElementKind } from './inventory.ts'

/** An element's settings, each with where it comes from. */
export interface Explanation {
  readonly kind: ElementKind
  readonly name: string
  readonly at: Position
  readonly settings: readonly ExplainedSetting[]
}

export interface ExplainedSetting {
  /** `deployment.sshUser`, `config.services.openssh.enable`, `services` */
  readonly setting: string
  /** What gives it: a kind of element, or the service that reached a host. */
  readonly from: string
  /** In one line, as it was written. */
  readonly value: string
  /** Absent for a default. */
  readonly at?: Position
}
