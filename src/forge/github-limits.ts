/** An answer's headers, their names in lower case. */
export type Headers = Readonly<Record<string, string | number | undefined>>

/** Where GitHub refuses for a while without saying for how long, a minute is what its documentation names. */
const unnamedMs = 60_000

/**
 * Milliseconds for which GitHub asks us to wait before the next request; undefined where it does not. A last
 * request that was still answered counts as well.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
export function waitAsked(status: number, headers: Headers, message = ''): number | undefined {
  const isRefused = [403, 429, 503].includes(status)
  const seconds = Number(headers['retry-after'])
  if (isRefused && seconds > 0) return seconds * 1000
  if (String(headers['x-ratelimit-remaining']) === '0' && (isRefused || status < 400)) {
    // The reset is told by GitHub's clock, so its own date is what it is measured from.
    const date = Date.parse(String(headers['date'] ?? ''))
    const reset = Number(headers['x-ratelimit-reset']) * 1000 - date
    return reset > 0 ? reset : unnamedMs
  }
  if (status === 429) return unnamedMs
  return status === 403 && /secondary rate limit|abuse/i.test(message) ? unnamedMs : undefined
}
