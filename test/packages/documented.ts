import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const page = readFileSync(join(import.meta.dirname, '../../docs/install.md'), 'utf8')

/** A block of code of docs/install.md: tests run what people are told to run. */
export interface DocumentedBlock {
  /** What stands behind the fence: `sh`, `yaml`, `nix`. */
  readonly language: string
  readonly text: string
}

/** The blocks of a section of docs/install.md, by its heading; throws where there is no such section. */
export function documented(heading: string): readonly DocumentedBlock[] {
  const section = page.split(/^## /m).find((text) => text.split('\n', 1)[0] === heading)
  if (section === undefined) throw new Error(`docs/install.md has no section ${heading}`)
  return [...section.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({
    language,
    text,
  }))
}
