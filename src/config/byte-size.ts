/** Bytes in `512MiB`, `4GiB`; NaN for other texts. */
export function toBytes(size: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)(MiB|GiB)$/.exec(size) ?? []
  const factors: Readonly<Record<string, number>> = { MiB: 2 ** 20, GiB: 2 ** 30 }
  return Math.round(Number(amount) * (factors[unit] ?? Number.NaN))
}
