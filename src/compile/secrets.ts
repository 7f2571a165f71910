import type { Position } from '../model/diagnostic.ts'
import type { Tree } from '../schema/tree.ts'
import { byKey, type Complaints } from './complaints.ts'

/** Ends of keys, without case and hyphens, below which a text is taken for a secret. */
const secret =
  /(?:password|passwd|passphrase|token|secret|apikey|privatekey|secretkey|presharedkey|psk)$/

/** Of a path, of a variable or a place that something else fills in. */
const reference = /^(?:[./~]|ext:)|[$@%<{]/

const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----|^AGE-SECRET-KEY-1/

/** Warns of text below a key that says it is a secret; hashes and files of secrets are none. */
export function checkSecret(key: string, tree: Tree, at: Position, complaints: Complaints): void {
  if (tree.kind !== 'scalar' || (tree.tag !== undefined && tree.tag !== '!force')) return
  const name = key.toLowerCase().replaceAll(/[-_.]/g, '')
  const isSecret = secret.test(name) && !name.includes('hash') && !name.includes('public')
  const isText = typeof tree.value === 'string' || typeof tree.value === 'bigint'
  if (!isSecret || !isText || tree.source === '') return
  if (reference.test(tree.source) || privateKey.test(tree.source)) return
  warn(`'${key}' holds a secret in plain text`, at, complaints)
}

/** Warns of text that is a private key, whatever its key says. */
export function checkPrivateKey(text: string, at: Position, complaints: Complaints): void {
  if (privateKey.test(text)) warn('this is a private key', at, complaints)
}

/** Warns of a flake reference that holds a password or a token: it goes into `flake.nix` and `flake.lock`. */
export function checkCredentials(url: string, at: Position, complaints: Complaints): void {
  if (!/:\/\/[^/?#]*:[^/?#]*@|[?&][\w-]*(?:token|password|secret)=[^&]/i.test(url)) return
  complaints.warn(
    'schema/secret',
    'this flake reference holds a password: it is written to flake.nix and flake.lock as it is',
    at,
    "leave it out: git's credentials, ssh keys and Nix' access-tokens stand where the controller runs",
  )
}

function warn(message: string, at: Position, complaints: Complaints): void {
  complaints.warn(
    'schema/secret',
    `${message}: git and the Nix store of every machine keep it readable`,
    byKey(at),
    'refer to a file that sops-nix or agenix puts on the machine: docs/language.md, Secrets',
  )
}
