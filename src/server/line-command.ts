import type { LineCommand } from '../model/command.ts'
import { isObject } from './body.ts'

/** A command out of a request; a text says what is wrong with it. */
export function toLineCommand(value: unknown): LineCommand | string {
  if (!isObject(value)) return '`command` is missing'
  const { kind, selector, until } = value
  if (selector !== undefined && !isSelector(selector)) return '`selector` is not one'
  switch (kind) {
    case 'deploy':
      return { kind }
    case 'retry':
    case 'resume':
      return selector === undefined ? { kind } : { kind, selector }
    case 'pause':
      if (selector === undefined) return 'a pause needs a `selector`'
      if (until === undefined) return { kind, selector }
      return typeof until === 'string' && isTime(until)
        ? { kind, selector, until }
        : '`until` is not a time as in ISO 8601, in UTC'
    default:
      return '`command` is none of deploy, retry, pause and resume'
  }
}

/** Whether it is known is said by the fleet that it is looked up in. */
const isSelector = (value: unknown): value is string =>
  typeof value === 'string' && /^[!-~]{1,500}$/.test(value)

const isTime = (text: string): boolean =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) && !Number.isNaN(Date.parse(text))
