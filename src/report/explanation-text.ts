import type { Position } from '../model/diagnostic.ts'
import type { Explanation } from '../model/explanation.ts'
import { kindText } from '../model/names.ts'
import { columns, plain } from './plain.ts'

/** Where the settings of an element come from, for a terminal. */
export function explanationText(
  { name, kind, at, settings }: Explanation,
  placeOf: (at: Position) => string,
): string {
  const rows = settings.map(({ setting, from, value, at: place }) => [
    `  ${plain(setting)}`,
    plain(from),
    plain(value),
    place ? placeOf(place) : '',
  ])
  return [`${name}   ${kindText(kind)}, ${placeOf(at)}`, ...columns(rows), ''].join('\n')
}
