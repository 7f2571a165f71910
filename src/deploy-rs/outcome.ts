/** What deploy-rs, its ssh and Nix say on the way, which tells people nothing. */
const chatter = [
  /^[^[]*\[(deploy|activate|wait|revoke)\] \[(INFO|DEBUG|WARN)\]/u,
  /^(\["|user =|ssh_user =|path =|hostname =|ssh_opts =)/,
  /^Command \{ std: /,
  /^(copying \d+ paths|copying path '|these \d+ (paths|derivations))/,
  /^(switching profile from version|removing profile version|removing generation)/,
  /^(activating the configuration|setting up \/etc|creating group|creating user|reloading user units)/,
  /^See "systemctl status/,
]

/** Bad ends that only repeat that something before them ended badly. */
const echoes =
  /SSH (activation|wait) command|Nix activation script command|Activating over SSH|Activation cancelled|Failed to deploy profile/

/** From there on activate brings back what ran before: that is no news about what failed. */
const rollback = /^[^[]*\[activate\] .*De-activating due to error/u

const ownError = /^[^[]*\[(?:deploy|activate|wait|revoke)\] \[ERROR\] /u

/** The lines that tell people what went wrong, oldest first, without colours and deploy-rs' own chatter. */
export function tellingLines(log: readonly string[], limit = 20): readonly string[] {
  const lines = log.map((line) => withoutColour(line).replace(/^📠 /u, '').trimEnd())
  const turn = lines.findIndex((line) => rollback.test(line))
  const told = lines
    .filter((line, index) => turn === -1 || index < turn || ownError.test(line))
    .filter((line) => line !== '' && !echoes.test(line))
    .filter((line) => !chatter.some((pattern) => pattern.test(line)))
    .map((line) => line.replace(ownError, ''))
  return told.filter((line, index) => told.indexOf(line) === index).slice(-limit)
}

/** Without terminal sequences and other control characters: this text goes into terminals and comments. */
const withoutColour = (text: string): string =>
  text
    .replaceAll(/\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007]*\u0007/g, '')
    .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '')
