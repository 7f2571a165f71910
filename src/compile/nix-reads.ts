/**
 * What lets Nix code read files that no module list names; each alone is enough to be careful. What we
 * generate follows from the YAML. A `path` below a name, as secrets have it, is some attribute; what could
 * be read by it stands in a path literal, which is looked for too.
 */
const readers =
  /\bread(?:File|Dir|FileType)\b|\bfileContents\b|\bimport(?:JSON|TOML|YAML)\b|\bfromYAML\b|\bpathExists\b|(?<![\w\"'}]\s*\.\s*)\bpath\b|\bbuiltins\s*\.\s*path\b|\bhashFile\b|\bfetch\w+\b|\bfilterSource\b|\bclean\w*Source\b|\bfileset\b|\btoString\b|\bdirOf\b|\bself\b|__curPos|ya?ml|\.\/nixcluster\b/

/** `./.`, `../..`, `./folder`: without a suffix a literal may mean a folder with everything in it. */
const folderLiteral =
  /(?:^|[\s([{=;$])\.{1,2}(?:\/[\w+-]*(?:\.{1,2})?(?=\/|[\s)\]};]))*(?=[\s)\]};]|$)/m

/**
 * Whether some Nix file could read YAML of ours, so that YAML must count as an input of every system.
 * Errs on the careful side: it looks at words, not at what the code does.
 */
export function nixMayReadYaml(texts: ReadonlyMap<string, string>): boolean {
  return [...texts].some(
    ([path, text]) => path.endsWith('.nix') && (readers.test(text) || folderLiteral.test(text)),
  )
}
