/** What a secret looks like in each of the forms in which it may turn up. */
export function formsOf(secret: string): readonly string[] {
  const json = JSON.stringify(secret).slice(1, -1)
  const plain = [secret, json, JSON.stringify(json).slice(1, -1)]
  const url = [encodeURIComponent(secret), new URLSearchParams({ x: secret }).toString().slice(2)]
  return [...new Set([...plain, ...url, ...base64Of(secret)])]
}

/**
 * In base64 a text looks different at each of three offsets, and its ends depend on what stands beside it:
 * only what does not is looked for.
 */
function base64Of(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  return [0, 1, 2].flatMap((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const begin = offset === 0 ? 0 : 4
    const whole = Math.floor(((offset + bytes.length) * 8) / 24) * 4
    const inside = text.slice(begin, whole)
    return [inside, inside.replaceAll('+', '-').replaceAll('/', '_')]
  })
}

/** The secrets that stand in a text or in bytes, by name. */
export function findSecrets(
  place: string | Buffer,
  secrets: Readonly<Record<string, string>>,
): readonly string[] {
  const text = Buffer.from(place).toString('latin1')
  return Object.entries(secrets).flatMap(([name, secret]) =>
    formsOf(secret).some((form) => text.includes(Buffer.from(form).toString('latin1')))
      ? [name]
      : [],
  )
}
