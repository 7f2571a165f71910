import { expect, test } from 'vitest'
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
