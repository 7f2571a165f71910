/** Offsets in the code, the end exclusive. */
export interface NixPlace {
  readonly start: number
  readonly end: number
}

/** A word of Nix; of a text, the quotes that begin it. */
export interface NixWord extends NixPlace {
  readonly kind: 'name' | 'keyword' | 'number' | 'uri' | 'path' | 'search' | 'text' | 'sign' | 'end'
  readonly text: string
}

/** Nix code, word by word. After a mistake there is nothing more to read. */
export interface NixWords {
  readonly now: NixWord
  readonly mistake: (NixPlace & { readonly message: string }) | undefined
  /** Goes on to the next word; gives the one that was left. */
  advance(): NixWord
  /** The words after this one. */
  ahead(count: number): readonly NixWord[]
  /** Whether the word after this one is a sign. */
  isBefore(sign: string): boolean
  /** Ends the reading; the first mistake counts. */
  fail(message: string, place?: NixPlace): void
  /** Reads a text or a path to its end; `inside` reads what stands in `${…}`, up to its brace. */
  readText(inside: (opener: NixPlace) => void): void
  readPath(inside: (opener: NixPlace) => void): void
}

const keywords = new Set([
  'if',
  'then',
  'else',
  'assert',
  'with',
  'let',
  'in',
  'rec',
  'inherit',
  'or',
])

const space = /(?:[ \t\r\n]+|#[^\r\n]*|\/\*[^]*?\*\/)*/y

/** Where several fit, the longest is meant; where they are equally long, the first. */
const patterns: readonly (readonly [NixWord['kind'], RegExp])[] = [
  ['name', /[A-Za-z_][A-Za-z0-9_'-]*/y],
  ['number', /(?:[1-9][0-9]*\.[0-9]*|0?\.[0-9]+)(?:[Ee][+-]?[0-9]+)?|[0-9]+/y],
  ['path', /(?:[\w.+-]*|~)(?:\/[\w.+-]+)+\/?|(?:[\w.+-]*|~)\/(?=\$\{)/y],
  ['search', /<[\w.+-]+(?:\/[\w.+-]+)*>/y],
  ['uri', /[A-Za-z][A-Za-z0-9+.-]*:[\w%/?:@&=+$,.!~*'-]+/y],
  ['text', /"|''/y],
  ['sign', /\.\.\.|->|\/\/|\+\+|\|\||&&|==|!=|<=|>=|\|>|<\||\$\{|[{}()[\]=;:,.?@!<>+\-*/]/y],
]

/** Begins to read code. */
export function createWords(code: string): NixWords {
  let mistake: NixWords['mistake']
  const end: NixWord = { kind: 'end', text: '', start: code.length, end: code.length }

  const fail = (message: string, place: NixPlace = now): void => {
    mistake ??= { message, start: place.start, end: place.end }
    now = end
  }

  const wordAt = (offset: number): NixWord => {
    space.lastIndex = offset
    space.test(code)
    const start = space.lastIndex
    if (start >= code.length) return end
    let longest: NixWord | undefined
    for (const [kind, pattern] of patterns) {
      pattern.lastIndex = start
      const text = pattern.exec(code)?.[0]
      if (text !== undefined && start + text.length > (longest?.end ?? start))
        longest = { kind, text, start, end: start + text.length }
    }
    if (longest?.kind === 'name' && keywords.has(longest.text))
      return { ...longest, kind: 'keyword' }
    return longest ?? { kind: 'sign', text: code[start]!, start, end: start + 1 }
  }

  const goTo = (offset: number): void => {
    if (mistake) return
    now = wordAt(offset)
    if (code.startsWith('/*', now.start)) fail('the comment has no end')
  }

  /** Reads pieces until there are no more of them; gives where that is. */
  const readPieces = (start: number, piece: RegExp, inside: (opener: NixPlace) => void): number => {
    let at = start
    while (!mistake) {
      piece.lastIndex = at
      at += piece.exec(code)?.[0].length ?? 0
      if (!code.startsWith('${', at)) return at
      goTo(at + 2)
      inside({ start: at, end: at + 2 })
      at = now.end
    }
    return at
  }

  const readText = (inside: (opener: NixPlace) => void): void => {
    const opener = now
    const { closing, piece } = texts[opener.text === '"' ? 'quoted' : 'lines']
    const at = readPieces(opener.end, piece, inside)
    if (code.startsWith(closing, at)) goTo(at + closing.length)
    else fail('the text that begins here has no end', opener)
  }

  const readPath = (inside: (opener: NixPlace) => void): void => {
    const opener = now
    const at = readPieces(opener.end, /[\w.+/-]*/y, inside)
    if (code[at - 1] === '/')
      fail('a path has no slash at its end', { start: opener.start, end: at })
    else goTo(at)
  }

  const ahead = (count: number): readonly NixWord[] => {
    const found: NixWord[] = []
    for (let at = now.end; found.length < count; at = found.at(-1)!.end) found.push(wordAt(at))
    return found
  }

  let now = end
  goTo(0)
  return {
    get now() {
      return now
    },
    get mistake() {
      return mistake
    },
    advance: () => {
      const left = now
      goTo(now.end)
      return left
    },
    ahead,
    isBefore: (sign) => ahead(1)[0]!.text === sign,
    fail,
    readText,
    readPath,
  }
}

/** What a text may hold as it is, up to its end or to `${`. */
const texts = {
  quoted: { closing: '"', piece: /(?:[^$"\\]+|\\[^]|\$[^{"\\]|\$(?=["\\]))*/y },
  lines: { closing: "''", piece: /(?:[^$']+|\$[^{']|\$(?=')|'[^'$]|'(?=\$)|''(?:['$]|\\[^]))*/y },
} as const
