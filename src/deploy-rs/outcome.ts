/** What deploy-rs says to itself, which tells people nothing. */
const chatter =
  /\[(deploy|activate|wait|revoke)\] \[(INFO|DEBUG)\]|The following profiles are going to be deployed|^(\[|user =|ssh_user =|path =|hostname =|ssh_opts =)|^The failed command is provided below|^Command \{|^"?ssh"? |kex_exchange|^building '|^copying \d+ paths|^copying path '|^warning: Git tree/

/** Bad exits that only repeat that something before them failed. */
const echoes =
  /(SSH (activation|wait) command|Nix activation script command|Activating over SSH|Waiting over SSH).*(bad exit|RecvError)|Error waiting for activation: Activation cancelled/

/** The lines that tell people what went wrong, oldest first, without colours and deploy-rs' own chatter. */
export function tellingLines(log: readonly string[], limit = 20): readonly string[] {
  const lines = log
    .map((line) => withoutColour(line).trimEnd())
    .filter((line) => line !== '' && !chatter.test(line) && !echoes.test(line))
    .map((line) => line.replace(/^\P{L}*\[(?:deploy|activate|wait|revoke)\] \[[A-Z]+\] /u, ''))
  return lines.filter((line, index) => lines.indexOf(line) === index).slice(-limit)
}

/** Without terminal sequences and other control characters: the text of strangers goes into terminals and comments. */
export const withoutColour = (text: string): string =>
  text
    // eslint-disable-next-line no-control-regex
    .replaceAll(/\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007]*\u0007/g, '')
    .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '')
