import { basename } from 'node:path'

const outputs = /-(bin|dev|lib|lib32|lib64|out|man|doc|info|data|debug|devdoc|static|terminfo)$/

/**
 * Splits a store path's name as Nix does, the version beginning at the first dash before anything
 * but a letter; undefined for what has no version, and so is no package but a part of a system.
 */
export function packageName(path: string): { name: string; version: string } | undefined {
  const full = basename(path).slice(33).replace(outputs, '')
  const split = /^(.*?)-([^a-zA-Z].*)$/.exec(full)
  if (split === null || /^(nixos-system|initrd-linux)-/.test(full)) return undefined
  if (/\.(drv|patch|diff|tar\.\w+|zip|service|conf|sh|json)$/.test(full)) return undefined
  return { name: split[1]!, version: split[2]! }
}

/** Packages of a closure: name -> versions, both sorted. */
export function packageVersions(
  paths: readonly string[],
): Readonly<Record<string, readonly string[]>> {
  const versions = new Map<string, Set<string>>()
  for (const found of paths.map(packageName)) {
    if (found === undefined) continue
    versions.set(found.name, (versions.get(found.name) ?? new Set()).add(found.version))
  }
  return Object.fromEntries(
    [...versions]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, set]) => [name, [...set].sort()]),
  )
}
