/** What came of a command: a sentence without its dot, where a mark alone would not say enough. */
export interface CommandResult {
  readonly kind: 'done' | 'refused'
  readonly text?: string
}

/** What a command on the command line came to, and where the deployment that follows can be followed. */
export interface CommandAnswer extends CommandResult {
  readonly follow?: { readonly ref: string; readonly commit: string }
}

/** A command, and whom it is written down for. */
export interface GivenCommand {
  readonly by: string
  readonly command: LineCommand
}

/** What can be said on the command line; what is about a proposal is said in its comments. */
export type LineCommand = Extract<
  Command,
  { readonly kind: 'deploy' | 'retry' | 'pause' | 'resume' }
>

/** What people tell the controller, in a comment or on the command line. */
export type Command =
  | { readonly kind: 'plan' }
  /** Foreign code may be evaluated; `commit`: a beginning of the head that is meant. */
  | { readonly kind: 'approve'; readonly commit?: string }
  /** What waits for a person is deployed. */
  | { readonly kind: 'deploy' }
  /** A change may remove so many machines, or pairs of service and host. */
  | { readonly kind: 'allow-removal'; readonly count: number }
  /** What holds these machines is lifted; without a selector all of them. */
  | { readonly kind: 'retry'; readonly selector?: string }
  /** No new system for these machines; `until`: ISO 8601. */
  | { readonly kind: 'pause'; readonly selector: string; readonly until?: string }
  | { readonly kind: 'resume'; readonly selector?: string }
  | { readonly kind: 'help' }
