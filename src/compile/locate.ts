import type { Position } from '../model/diagnostic.ts'
import { parse, type Place, type SourceFile } from '../schema/parse.ts'

/**
 * The way from positions to lines. Whoever has only the texts reads them again for it: a position
 * means the same in both readings.
 */
export function locateIn(
  texts: ReadonlyMap<string, string>,
  fileOf: (path: string) => SourceFile | undefined = createReader(texts),
): (position: Position) => Place {
  return (position) =>
    fileOf(position.file)?.locate(position) ?? placeIn(texts.get(position.file), position)
}

function createReader(
  texts: ReadonlyMap<string, string>,
): (path: string) => SourceFile | undefined {
  const read = new Map<string, SourceFile>()
  return (path) => {
    const text = texts.get(path)
    if (text === undefined || !/\.ya?ml$/.test(path)) return undefined
    const file = read.get(path) ?? parse(path, text)
    read.set(path, file)
    return file
  }
}

/** A place in a file that is no YAML. */
function placeIn(
  text: string | undefined,
  { part = { start: 0, end: 0 } }: Pick<Position, 'part'>,
): Place {
  const [line, column] = lineAndColumn(text ?? '', part.start)
  const [endLine, endColumn] = lineAndColumn(text ?? '', part.end)
  return { line, column, endLine, endColumn }
}

function lineAndColumn(text: string, offset: number): readonly [line: number, column: number] {
  const before = text.slice(0, offset).split('\n')
  return [before.length, before.at(-1)!.length + 1]
}
