import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { embedLibrary } from '../../scripts/embed-library.ts'

test('the embedded Nix files are those of src/render/nix', async () => {
  expect(readFileSync('src/render/library.generated.ts', 'utf8')).toBe(await embedLibrary())
})
