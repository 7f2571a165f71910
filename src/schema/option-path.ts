const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

/** Splits `services.nginx.virtualHosts."a.b".root` as Nix does; undefined when it cannot be split. */
export function parseOptionPath(text: string): readonly string[] | undefined {
  const path: string[] = []
  let rest = text
  while (true) {
    const [written, quoted, plain] = /^(?:"((?:[^"\\]|\\[^])*)"|([^".]+))/.exec(rest) ?? []
    if (written === undefined) return undefined
    path.push(plain ?? quoted!.replaceAll(/\\([^])/g, (_, char: string) => escapes[char] ?? char))
    rest = rest.slice(written.length)
    if (rest === '') return path
    if (!rest.startsWith('.')) return undefined
    rest = rest.slice(1)
  }
}
