import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'

const folder = join(import.meta.dirname, '../src/render/nix')
const target = join(import.meta.dirname, '../src/render/library.generated.ts')

/** Gives the text of the module that holds the Nix files of `src/render/nix`: rendering reads no files. */
export async function embedLibrary(): Promise<string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.nix'))
    .sort()
  const entries = names.map((name) => {
    const text = readFileSync(join(folder, name), 'utf8').replaceAll(/\\|`|\$\{/g, '\\$&')
    return `['${name}', \`${text}\`],`
  })
  const module = `/** Written by \`node scripts/embed-library.ts\` from \`src/render/nix\`: change the files there. */
export const library: ReadonlyMap<string, string> = new Map([${entries.join('\n')}])`
  return format(module, { ...(await resolveConfig(target)), parser: 'typescript' })
}

if (import.meta.main) await writeFile(target, await embedLibrary())
