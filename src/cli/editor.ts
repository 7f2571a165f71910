import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { defaultInclude } from '../compile/configuration.ts'
import { projectFile } from '../schema/decode.ts'
import { tags } from '../schema/tags.ts'
import { writeNew } from './folder.ts'

/** Where a repository keeps the schema: editors find it without a network, and without this program. */
export const schemaFile = '.nixcluster/schema.json'
const settingsFile = '.vscode/settings.json'

/** The line by which a YAML file some folders deep names its schema to editors. */
export const modeline = (depth: number): string =>
  `# yaml-language-server: $schema=${'../'.repeat(depth)}${schemaFile}\n`

/** Writes what editors need, and gives the paths that were written; settings that are there stay. */
export async function writeEditorFiles(folder: string): Promise<readonly string[]> {
  const schema = await readFile(new URL('../../schemas/nixcluster.schema.json', import.meta.url))
  await mkdir(dirname(join(folder, schemaFile)), { recursive: true })
  await writeFile(join(folder, schemaFile), schema)
  const settings = `${JSON.stringify(editorSettings, null, 2)}\n`
  const isNew = await writeNew(join(folder, settingsFile), settings)
  return [schemaFile, ...(isNew ? [settingsFile] : [])]
}

/** For VS Code; the same keys configure yaml-language-server in other editors. */
const editorSettings = {
  'yaml.schemas': { [schemaFile]: [projectFile, ...defaultInclude] },
  'yaml.customTags': tags.flatMap((tag) =>
    ['scalar', 'sequence', 'mapping'].map((form) => `${tag} ${form}`),
  ),
}
