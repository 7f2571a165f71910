import { expect, test } from 'vitest'
import { examples, mutate, numbers } from '../schema/mutated.ts'
import { compileTexts } from './fleet.ts'

/** 10,000 files in all. */
const rounds = Math.ceil(10_000 / examples.length)

test.each(examples.map((_, index) => index))(
  'hundreds of mutations of example %i: no exception, no hang, every complaint has a place',
  (index) => {
    const next = numbers(index + 1)
    for (let round = 0; round < rounds; round++) {
      const text = mutate(examples[index]!, next)
      let problem: unknown
      const start = performance.now()
      try {
        const { diagnostics, inventory, rendered } = compileTexts({ 'nixcluster.yaml': text })
        const lines = text.split('\n').length
        const lost = diagnostics.filter(
          ({ file, line, column, endLine, endColumn, message }) =>
            (file === 'nixcluster.yaml' && line > lines) ||
            line < 1 ||
            column < 1 ||
            endLine < line ||
            (endLine === line && endColumn < column) ||
            /undefined|\[object|Symbol/.test(message),
        )
        if (lost.length > 0) problem = lost
        const errors = diagnostics.filter(({ severity }) => severity === 'error')
        if ((errors.length === 0) !== (inventory !== undefined && rendered !== undefined))
          problem = 'neither errors nor an inventory'
        if (performance.now() - start > 10_000) problem = 'more than ten seconds'
      } catch (error) {
        problem = error
      }
      expect(problem, text).toBeUndefined()
    }
  },
  60_000,
)
