import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'

/** The file that a program's name means in a PATH, or the name itself where it is a path; undefined where there is none. */
export async function findProgram(program: string, path: string): Promise<string | undefined> {
  const places = program.includes('/')
    ? [program]
    : path.split(':').map((folder) => join(folder, program))
  for (const place of places) {
    const isThere = await access(place, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return place
  }
  return undefined
}
