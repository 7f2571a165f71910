import { join } from 'node:path'
import { entriesInStore, type StoreReader } from './store-reader.ts'

/** Unit -> its file, its drop-ins, its scripts and who wants it, as one text. */
export async function readUnits(
  folder: string,
  reader: StoreReader,
): Promise<Readonly<Record<string, string>>> {
  const units: Record<string, string[]> = {}
  const entries = await entriesInStore(folder)
  const below = (name: string) => entriesInStore(join(folder, name))
  for (const { name, link, path } of entries) {
    if (/\.(wants|requires|upholds|d)$/.test(name)) continue
    // An alias: the same unit by another name.
    if (link !== '' && !link.includes('/') && link !== name) continue
    units[name] = [await readUnit(path, reader)]
  }
  for (const { name } of entries.filter((each) => each.name.endsWith('.d'))) {
    const unit = (units[name.slice(0, -2)] ??= [])
    for (const file of await below(name)) {
      unit.push(`# ${file.name}\n${await readUnit(file.path, reader)}`)
    }
  }
  for (const texts of Object.values(units)) texts.push(await readScripts(texts.join(''), reader))
  for (const { name } of entries) {
    const [, wanting, how] = /^(.+)\.(wants|requires|upholds)$/.exec(name) ?? []
    if (wanting === undefined) continue
    const verb = { wants: 'Wanted', requires: 'Required', upholds: 'Upheld' }[how!]
    for (const unit of await below(name)) units[unit.name]?.push(`# ${verb} by ${wanting}\n`)
  }
  return Object.fromEntries(Object.entries(units).map(([name, texts]) => [name, texts.join('')]))
}

/** The scripts that NixOS made of a unit's settings, and of the firewall's. */
const scripts =
  /\/nix\/store\/[0-9a-z]{32}-(unit-script-[\w@.-]+|firewall-start|nftables-rules)(\/bin\/[\w@.-]+)?/g

/** As comments: their text is what a person wrote. */
async function readScripts(unit: string, reader: StoreReader): Promise<string> {
  const texts: string[] = []
  for (const path of new Set(unit.match(scripts) ?? [])) {
    const text = await reader.text(path)
    if (text === '') continue
    const lines = text.trimEnd().split('\n')
    texts.push(`# ${path.slice(44)}:\n${lines.map((line) => `#   ${line}\n`).join('')}`)
  }
  return texts.join('')
}

async function readUnit(path: string, reader: StoreReader): Promise<string> {
  const { hash, text = '' } = await reader.file(path)
  if (hash === '-> /dev/null') return '# masked\n'
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}
