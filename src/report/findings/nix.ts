import { fine, warning, wrong, type Finding } from '../../model/finding.ts'
import type { CageFacts, NixSettings, PairFacts, StoreFacts } from '../../model/surroundings.ts'

/** Whether Nix' store can be used, and what is in it be kept. */
export function storeFindings({ url, mayRoot }: StoreFacts): readonly Finding[] {
  const store = fine('store', url === 'local' ? 'its own, without a daemon' : url)
  const roots = mayRoot
    ? fine('roots', 'this user may keep what was built from the garbage collector')
    : wrong(
        'roots',
        'this user may not add garbage-collector roots: what is planned could be collected before it is deployed',
        'use the Nix daemon, or give the user /nix/var/nix/gcroots/auto',
      )
  return [store, roots]
}

/** Whether builds are kept apart from the machine. */
export const sandboxFinding = ({ sandbox }: NixSettings): Finding =>
  sandbox
    ? fine('sandbox', 'builds run in it')
    : warning(
        'sandbox',
        'it is off: what is built sees this machine’s files and network',
        'sandbox = true in nix.conf',
      )

/** Whether the code of strangers is kept from this machine's files while it is evaluated. */
export const cageFinding = (facts: CageFacts): Finding =>
  facts === 'closed'
    ? fine('cage', 'what strangers propose is evaluated without files and network')
    : wrong(
        'cage',
        'an evaluation in it could read a file of this machine',
        'give no approvals to strangers’ code; check nix.conf for allowed-uris and NIX_PATH, and update Nix',
      )

/** Whether this deploy-rs understands this Nix: it reads what `nix derivation show` prints. */
export const pairFinding = ({ fits, said }: PairFacts): Finding =>
  fits
    ? fine('nix and deploy-rs', 'deploy-rs builds with this Nix')
    : wrong(
        'nix and deploy-rs',
        `deploy-rs cannot build with this Nix: ${said}`,
        'what `nix derivation show` prints has another form from Nix 2.32 on, and again from 2.33: take a deploy-rs made after January 2026, or an older Nix',
      )

/** Whether systems of a kind can be built. */
export function builderFinding(
  system: string,
  attempt: { readonly built: true } | { readonly built: false; readonly said: string },
  { system: own, extraPlatforms }: NixSettings,
): Finding {
  const isHere = system === own || extraPlatforms.includes(system)
  if (attempt.built) return fine(system, isHere ? 'builds here' : 'builds on another machine')
  return isHere
    ? wrong(
        system,
        `nothing can be built here: ${short(attempt.said)}`,
        'have Nix build anything at all first: nix build --expr',
      )
    : wrong(
        system,
        `nothing builds for it: ${short(attempt.said)}`,
        `name a machine of that kind in /etc/nix/machines (nix.buildMachines), or emulate it: boot.binfmt.emulatedSystems = [ "${system}" ]`,
      )
}

/** What Nix says of it, without who was asked and what each can do. */
const short = (said: string): string =>
  said.replace(/^running \S+: (error: )?/, '').replaceAll(/ with features \{[^}]*\}/g, '')
