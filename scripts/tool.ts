import { step } from './progress.ts'

/** Something the project needs from outside npm. */
export interface Tool {
  readonly name: string
  /** What a setup would do, where it goes and how long it takes, in one line. */
  readonly plan: string
  /** True when it is there; what the machine has in a good version is linked and counts. */
  isReady(): Promise<boolean>
  /** What only the person at the machine can do before it can be brought; undefined where nothing is. */
  obstacle(): Promise<string | undefined>
  /** Brings it, where there is no obstacle. */
  install(): Promise<void>
}

/** What only the person at the machine can mend, in one line. */
export class SetupError extends Error {
  override readonly name = 'SetupError'
}

/** Brings one tool, telling first what goes where; does nothing when it is there. A `SetupError` says why not. */
export async function bring(tool: Tool): Promise<void> {
  if (await tool.isReady()) return
  const obstacle = await tool.obstacle()
  if (obstacle !== undefined) throw new SetupError(obstacle)
  process.stderr.write(`Setting up, once:\n  - ${tool.plan}\n`)
  await step(tool.name, () => tool.install())
}
