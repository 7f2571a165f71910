import fc from 'fast-check'
import { expect, test } from 'vitest'
import { attributePath } from '../../src/render/nix-text.ts'
import { parseOptionPath } from '../../src/schema/option-path.ts'

test.each([
  ['services.nginx.enable', ['services', 'nginx', 'enable']],
  ['services.nginx.virtualHosts."a.b".root', ['services', 'nginx', 'virtualHosts', 'a.b', 'root']],
  ['users', ['users']],
  ['boot.kernel.sysctl."a\\"b"', ['boot', 'kernel', 'sysctl', 'a"b']],
  ['010', ['010']],
  ['""', ['']],
])('%s is the path %j', (text, path) => expect(parseOptionPath(text)).toEqual(path))

test.each(['', '.', 'a.', 'a..b', '"a', 'a"b"', '"a"b'])('%j is no option path', (text) =>
  expect(parseOptionPath(text)).toBeUndefined(),
)

test('what we write as an attribute path is read as the same path', () => {
  const name = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('or', 'in', '0', 'a.b', '${x}', '\\'),
  )
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), (path) => {
      expect(parseOptionPath(attributePath(path))).toEqual(path)
    }),
    { numRuns: 1000, seed: 4 },
  )
})
