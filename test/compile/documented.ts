import { readFileSync } from 'node:fs'

const page = readFileSync('docs/language.md', 'utf8')

/** The YAML of docs/language.md. */
export const examples = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, text]) => text!)

/** The files that it names. */
export const files = [...page.matchAll(/[ [](\/[a-z]+\/[a-z]+(?:\.\w+)?)\b/g)].map(([, path]) =>
  path!.slice(1),
)
