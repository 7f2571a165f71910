import type { Ledger } from '../model/ledger.ts'
import { shortCommit } from './wording.ts'

/** A commit that is not wanted before a person says so. */
export interface HeldBack {
  readonly commit: string
  /** One sentence, with what to do. */
  readonly text: string
}

/** What of the deployed branch waits for a person; undefined where nothing does. */
export function heldBack({ rewound, removal }: Ledger): HeldBack | undefined {
  if (rewound !== undefined) {
    const text = 'The branch was rewound; nothing is deployed before: nixcluster deploy'
    return { commit: rewound.tip, text }
  }
  if (removal === undefined) return undefined
  const { source, count } = removal
  const text = `${shortCommit(source)} removes ${count} at once; nothing is deployed before: nixcluster deploy`
  return { commit: source, text }
}
