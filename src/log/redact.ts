/** What looks like a credential, whoever put it there: the first group stays. */
const credentials = [
  /("[\w-]*authorization"\s*:\s*")(?:[^"\\]|\\.)*/gi,
  // Good for minutes: whoever reads the log must not say it again.
  /(\bsha256=)[0-9a-f]{64}\b/gi,
  /\b((?:bearer|basic|token) )(?=\S*\d)[\w.~+/=-]{8,}/gi,
  /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/"]*:)[^\s@/"]+(?=@)/gi,
  /()\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,})/g,
  /()-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----/gs,
]

/** Takes secrets out of a line of JSON: the known ones as they are in JSON, and what looks like one. */
export function redact(line: string, secrets: Iterable<string>): string {
  let clean = line
  for (const secret of secrets) {
    // An empty secret is everywhere.
    if (secret !== '') clean = clean.replaceAll(JSON.stringify(secret).slice(1, -1), '[secret]')
  }
  return credentials.reduce((text, pattern) => text.replace(pattern, '$1[secret]'), clean)
}

/** The same with a text as it is. */
export const redactText = (text: string, secrets: Iterable<string>): string =>
  JSON.parse(redact(JSON.stringify(text), secrets)) as string
