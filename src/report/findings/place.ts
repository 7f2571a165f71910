import { fine, warning, wrong, type Finding } from '../../model/finding.ts'
import type { AddressFacts, FolderFacts, KeyFacts } from '../../model/surroundings.ts'
import { byteSize } from '../wording.ts'

/** Whether ssh can use the key without anybody at a keyboard. */
export function keyFinding(file: string, facts: KeyFacts): Finding {
  const name = 'ssh key'
  switch (facts.kind) {
    case 'usable':
      return fine(name, `${file} (${facts.type}, no passphrase)`)
    case 'passphrase':
      return wrong(
        name,
        `${file} has a passphrase, and nobody is there to type it`,
        `take a key of the controller's own: ssh-keygen -q -t ed25519 -N '' -f ${file}`,
      )
    case 'exposed':
      return wrong(
        name,
        `others may read ${file} (mode ${facts.mode.toString(8)}), so ssh does not use it`,
        `chmod 600 ${file}`,
      )
    case 'unusable':
      return wrong(
        name,
        `${file} is no private key: ${facts.said}`,
        'name the private half as ssh.identityFile, the one without .pub, whole to its last line break',
      )
  }
}

/** Without a key of its own, ssh looks into its user's home. */
export const noKeyFinding = (): Finding =>
  warning(
    'ssh key',
    'ssh.identityFile is not set: ssh takes what it finds in its user’s home',
    'name a key of the controller’s own as ssh.identityFile',
  )

/** The system's words for a disk, or a share of one, that takes no more. */
const isFull = (code: string): boolean => code === 'ENOSPC' || code === 'EDQUOT'

const leastFree = 100 * 2 ** 20
const littleFree = 2 ** 30

/** Why the state folder cannot be written, by the system's code. */
export function refusedFolderFinding(folder: string, code: string): Finding {
  if (code === 'EROFS')
    return wrong(stateFolder, `${folder} is on a read-only file system`, 'choose another stateDir')
  return isFull(code)
    ? wrong(stateFolder, `${folder} is on a disk that is full (${code})`, makeRoom)
    : wrong(
        stateFolder,
        `${folder} cannot be written by this user (${code})`,
        'give it to the user of the controller, choose another stateDir, or run this as that user',
      )
}

const stateFolder = 'state folder'
const makeRoom = 'make room: mirrors and logs are kept there'

/** Whether the state folder can be written, and for how long. */
export function folderFinding(facts: FolderFacts): Finding {
  const { folder, isThere, refusal, owner, us, freeBytes } = facts
  if (refusal !== undefined) return refusedFolderFinding(folder, refusal)
  const free = `${byteSize(freeBytes)} free`
  if (freeBytes < leastFree) return wrong(stateFolder, `${folder}: ${free}`, makeRoom)
  if (freeBytes < littleFree) return warning(stateFolder, `${folder}: ${free}`, makeRoom)
  if (isThere && owner !== us) {
    return warning(
      stateFolder,
      `${folder} belongs to another user (${owner}) than the one who asks (${us})`,
      'run this as the user of the controller: it sees other files and keys',
    )
  }
  return fine(stateFolder, `${folder}${isThere ? '' : ' is made at the start'}: ${free}`)
}

/** Whether the controller can listen where it is told to, or does already. */
export function addressFinding(
  { host, port }: { readonly host: string; readonly port: number },
  facts: AddressFacts,
): Finding {
  const name = 'address'
  const place = `${host}, port ${port}`
  if (port === 0) return fine(name, `${host}, a free port is taken at the start`)
  if (facts.kind === 'free') return fine(name, `${place} is free`)
  if (facts.kind !== 'refused') return fine(name, `${place}: a controller answers there`)
  const [why, advice] = refusals[facts.code] ?? [facts.code, 'check listen.host and listen.port']
  return wrong(name, `${place}: ${why}`, advice)
}

const refusals: Readonly<Record<string, readonly [why: string, advice: string]>> = {
  EADDRINUSE: [
    'something else listens there, which is no controller',
    'end it, or choose another listen.port',
  ],
  EACCES: ['this user may not', 'choose a listen.port from 1024 on'],
  EADDRNOTAVAIL: ['this machine has no such address', 'check listen.host'],
  ENOTFOUND: ['there is no such host', 'check listen.host'],
}
