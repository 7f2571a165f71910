/**
 * What decides whether a name fits a pattern: `*` is any text within one label, the label `**` any
 * number of labels, none included. Without regular expressions, which a pattern of many stars would
 * keep busy for minutes.
 */
export function createMatcher(pattern: string): (name: string) => boolean {
  const wanted = pattern.split('.').map((label) => (/^\*\*+$/.test(label) ? anything : label))
  return (name) => matchesAll(wanted, name.split('.'), anything, matchesLabel)
}

const anything = '**'

function matchesLabel(pattern: string, label: string): boolean {
  return matchesAll(pattern, label, '*', (one, other) => one === other)
}

/** Matches step by step, and goes back to the last wildcard only: at most length times length steps. */
function matchesAll<T>(
  pattern: ArrayLike<T>,
  text: ArrayLike<T>,
  wildcard: T,
  matches: (one: T, other: T) => boolean,
): boolean {
  let at = 0
  let wild = -1
  let resume = 0
  for (let next = 0; next < text.length;) {
    if (pattern[at] === wildcard) {
      wild = at++
      resume = next
    } else if (at < pattern.length && matches(pattern[at]!, text[next]!)) {
      at++
      next++
    } else if (wild >= 0) {
      at = wild + 1
      next = ++resume
    } else return false
  }
  while (pattern[at] === wildcard) at++
  return at === pattern.length
}
