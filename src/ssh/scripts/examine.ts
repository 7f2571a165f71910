import { common } from './common.ts'

/** examine USER: what a deployment needs of a machine; reads, and changes nothing. */
export const examine = `${common}
main() {
  echo nixcluster-answer
  echo "nix=$(nix --version 2>/dev/null)"
  echo "architecture=$(uname -m)"
  echo "freeKib=$(df -Pk /nix 2>/dev/null | sed -n '2s/^[^ ]* *[0-9]* *[0-9]* *\\([0-9]*\\).*/\\1/p')"
  echo "seconds=$(date +%s)"
  echo "systemd=$(systemctl is-system-running 2>/dev/null)"
  systemctl list-units --state=failed --no-legend --plain --no-pager 2>/dev/null |
    while read -r unit load rest; do if [ "$load" != not-found ]; then echo "failedUnit=$unit"; fi; done
  for program in readlink sed grep flock sync sort; do
    command -v $program >/dev/null 2>&1 || echo "missing=$program"
  done
  for user in $(nix --extra-experimental-features nix-command show-config 2>/dev/null | sed -n 's/^trusted-users = //p'); do
    echo "trusted=$user"
  done
  for group in $(id -Gn "$1" 2>/dev/null); do echo "group=$group"; done
  if [ -e "$volatile/lock" ] && ! flock -n "$volatile/lock" true; then echo locked=true; fi
  echo "lease=$(lease ledger)"
  echo "owner=$(lease owner)"
  echo nixcluster-end
}
`
