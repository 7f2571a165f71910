/** Milliseconds in `500ms`, `60s`, `5m`, `1h` or in a number of seconds; NaN for other texts. */
export function toMilliseconds(duration: string | number): number {
  if (typeof duration === 'number') return duration * 1000
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(duration) ?? []
  const factors: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
  return Number(amount) * (factors[unit] ?? Number.NaN)
}
