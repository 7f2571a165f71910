import { createNames } from './nix-names.ts'
import { createWords, type NixPlace, type NixWord } from './nix-words.ts'

/** What a Nix expression refers to, and what keeps it from being one. */
export interface NixSyntax {
  /** The first mistake, as Nix' own parser would find it. */
  readonly mistake?: NixPlace & { readonly message: string }
  /** `./x`, `../x`, `a/b`: relative to the file that the code stands in. */
  readonly relativePaths: readonly NixWord[]
  /** `<nixpkgs>`: looked up by Nix' search path. */
  readonly searchPaths: readonly NixWord[]
  /** Names that the expression does not define itself; below a `with`, none is known to be one. */
  readonly freeNames: readonly NixWord[]
}

/** Binary operators: how strongly they bind, and to which side; without a side they do not chain. */
const operators: Readonly<Record<string, readonly [strength: number, side?: 'left' | 'right']>> = {
  '|>': [1, 'left'],
  '<|': [1, 'right'],
  '->': [2, 'right'],
  '||': [3, 'left'],
  '&&': [4, 'left'],
  '==': [5],
  '!=': [5],
  '<': [6],
  '>': [6],
  '<=': [6],
  '>=': [6],
  '//': [7, 'right'],
  // 8 is the strength of `!`.
  '+': [9, 'left'],
  '-': [9, 'left'],
  '*': [10, 'left'],
  '/': [10, 'left'],
  '++': [11, 'right'],
  // What follows is a path of attributes.
  '?': [12],
}
const not = 8
const minus = 13

/** Deeper than people write, and far from where the stack ends. */
const deepest = 1000

/** Reads a Nix expression by Nix' own grammar; nothing of it is kept but what it refers to. */
export function readNix(code: string): NixSyntax {
  const words = createWords(code)
  const names = createNames()
  const relativePaths: NixWord[] = []
  const searchPaths: NixWord[] = []
  let depth = 0

  const is = (text: string): boolean => words.now.text === text && words.now.kind !== 'end'
  const isName = (): boolean => words.now.kind === 'name'
  const isAtEnd = (): boolean => words.now.kind === 'end'
  const shown = (): string => (isAtEnd() ? 'the end' : `'${words.now.text}'`)
  const wanted = (what: string): void => words.fail(`expected ${what}, found ${shown()}`)

  /** Takes a sign or keyword; what closes is missed at what it would have closed. */
  const take = (text: string, opener?: NixWord): void => {
    if (is(text)) words.advance()
    else if (isAtEnd() && opener) words.fail(`the '${opener.text}' has no '${text}'`, opener)
    else wanted(`'${text}'`)
  }

  /** One step down; what is nested too deeply is not read. */
  const nested =
    <Argument extends unknown[]>(read: (...given: Argument) => void) =>
    (...given: Argument): void => {
      if (++depth > deepest) words.fail('this is nested too deeply')
      else read(...given)
      depth--
    }

  const expression = nested((): void => {
    if (is('assert') || is('with')) {
      const { text } = words.advance()
      expression()
      take(';')
      if (text === 'with') names.forgive(expression)
      else expression()
    } else if (is('let') && !words.isBefore('{')) {
      const opener = words.advance()
      names.define(() => {
        const defined = bindings('in', true)
        take('in', opener)
        expression()
        return defined
      })
    } else if (is('if')) {
      words.advance()
      expression()
      take('then')
      expression()
      take('else')
      expression()
    } else if (isName() && (words.isBefore(':') || words.isBefore('@'))) {
      names.define(() => {
        const defined = [words.advance().text]
        if (is('@')) {
          words.advance()
          defined.push(...formals())
        }
        take(':')
        expression()
        return defined
      })
    } else if (is('{') && beginsFormals()) {
      names.define(() => {
        const defined = formals()
        if (is('@')) {
          words.advance()
          if (isName()) defined.push(words.advance().text)
          else wanted('a name')
        }
        take(':')
        expression()
        return defined
      })
    } else operation(0)
  })

  /** A set of arguments looks like a set of attributes until its second or third word. */
  const beginsFormals = (): boolean => {
    const [first, second, third] = words.ahead(3)
    if (first?.text === '}') return second?.text === ':' || second?.text === '@'
    if (first?.text === '...') return true
    return (
      first?.kind === 'name' &&
      (second?.text === ',' ||
        second?.text === '?' ||
        (second?.text === '}' && (third?.text === ':' || third?.text === '@')))
    )
  }

  const formals = (): string[] => {
    const defined: string[] = []
    const opener = words.now
    take('{')
    while (!is('}') && !isAtEnd()) {
      if (is('...')) {
        words.advance()
        break
      }
      if (!isName()) {
        wanted('the name of an argument')
        break
      }
      defined.push(words.advance().text)
      if (is('?')) {
        words.advance()
        expression()
      }
      if (!is('}')) take(',', opener)
    }
    take('}', opener)
    return defined
  }

  /** Reads what is joined by operators of at least this strength. */
  const operation = nested((strength: number): void => {
    if (is('!') || is('-')) operation(words.advance().text === '!' ? not : minus)
    else application()
    let last: number | undefined
    while (words.now.kind === 'sign') {
      const [binds, side] = operators[words.now.text] ?? []
      if (binds === undefined || binds < strength) break
      if (binds === last) words.fail(`${shown()} needs parentheses around what stands before it`)
      const { text } = words.advance()
      if (text === '?') attributePath()
      else operation(side === 'right' ? binds : binds + 1)
      last = side === undefined ? binds : undefined
    }
  })

  const isValue = (): boolean =>
    !['keyword', 'sign', 'end'].includes(words.now.kind) ||
    is('(') ||
    is('{') ||
    is('[') ||
    is('rec') ||
    (is('let') && words.isBefore('{'))

  const application = (): void => {
    selection()
    while (isValue()) selection()
  }

  const selection = (): void => {
    value()
    if (is('.')) {
      words.advance()
      attributePath()
    }
    if (!is('or')) return
    words.advance()
    if (isValue()) selection()
  }

  const value = nested((): void => {
    const opener = words.now
    if (!isValue()) return wanted('a value')
    switch (opener.kind) {
      case 'search':
        searchPaths.push(opener)
        words.advance()
        return
      case 'path':
        if (!/^[/~]/.test(opener.text)) relativePaths.push(opener)
        words.readPath(interpolation)
        return
      case 'text':
        words.readText(interpolation)
        return
      case 'keyword':
        words.advance()
        return names.define(() => set(true))
      case 'name':
        names.use(opener)
        words.advance()
        return
      case 'sign':
        if (opener.text === '{') return void set(false)
        words.advance()
        if (opener.text === '(') expression()
        else while (isValue()) selection()
        return take(opener.text === '(' ? ')' : ']', opener)
      default:
        words.advance()
    }
  })

  const set = (seesItself: boolean): Iterable<string> => {
    const opener = words.now
    take('{')
    const defined = bindings('}', seesItself)
    take('}', opener)
    return defined
  }

  /** Gives the names that they define, for those that see them. */
  const bindings = (end: string, seeThemselves: boolean): Iterable<string> => {
    const defined: string[] = []
    while (!is(end) && !isAtEnd()) {
      if (is('inherit')) {
        const { inherited, isFromSet } = inherit()
        for (const name of inherited) {
          defined.push(name.text)
          if (isFromSet) continue
          if (seeThemselves) names.useOutside(name)
          else names.use(name)
        }
        continue
      }
      const { kind, text } = words.now
      attributePath()
      if (kind === 'name') defined.push(text)
      take('=')
      expression()
      take(';')
    }
    return defined
  }

  const inherit = (): { inherited: readonly NixWord[]; isFromSet: boolean } => {
    words.advance()
    const isFromSet = is('(')
    if (isFromSet) {
      const opener = words.advance()
      expression()
      take(')', opener)
    }
    const inherited: NixWord[] = []
    while (!is(';') && !isAtEnd()) {
      if (isName()) inherited.push(words.now)
      attribute()
    }
    take(';')
    return { inherited, isFromSet }
  }

  const attributePath = (): void => {
    attribute()
    while (is('.')) {
      words.advance()
      attribute()
    }
  }

  const attribute = (): void => {
    if (isName() || is('or')) words.advance()
    else if (words.now.text === '"') words.readText(interpolation)
    else if (is('${')) {
      const opener = words.advance()
      expression()
      take('}', opener)
    } else wanted('a name')
  }

  /** The inside of `${…}` in a text or a path, up to its brace. */
  const interpolation = (opener: NixPlace): void => {
    expression()
    if (isAtEnd()) words.fail("the '${' has no '}'", opener)
    else if (!is('}')) wanted("'}'")
  }

  expression()
  if (!isAtEnd()) words.fail(`${shown()} is more than an expression`)
  const { mistake } = words
  return { ...(mistake ? { mistake } : {}), relativePaths, searchPaths, freeNames: names.free }
}
