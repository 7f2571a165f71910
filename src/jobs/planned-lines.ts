import type { Proposal } from '../model/forge.ts'
import { diagnosticsText } from '../report/diagnostics.ts'
import { planText } from '../report/plan-text.ts'
import { list } from '../report/wording.ts'
import type { Planned } from './plan.ts'

/** What planning a proposal came to, for a terminal. */
export function plannedLines(proposal: Proposal, planned: Planned): readonly string[] {
  switch (planned.kind) {
    case 'plan': {
      const { plan, warnings, texts } = planned
      const warned =
        warnings.length > 0 ? [...diagnosticsText(warnings, texts).split('\n'), ''] : []
      return [...warned, ...planText(plan)]
    }
    case 'mistakes':
      return diagnosticsText(planned.diagnostics, planned.texts).split('\n')
    case 'conflict':
      return [`cannot be merged into ${proposal.base}: conflict in ${list(planned.files)}`]
    case 'nothing':
      return [planned.reason]
  }
}
