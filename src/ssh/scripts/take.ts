import { gate } from './gate.ts'
import { answering, common } from './common.ts'

/** take LEDGER N RUN OWNER PATH LIMIT OVER-N OVER-RUN OVER-STAGE: compares and swaps the lease (R8). */
export const take = `${common}${answering}
main() {
  lock 5
  mkdir -p -m 700 "$state"
  if [ "$(lease n) $(lease run) $(lease stage)" != "$7 $8 $9" ]; then answer locked=false; fi
  free=$(df -Pk /nix | tail -n 1 | while read -r device size used available rest; do echo "$available"; done)
  if [ "$free" -lt 16384 ]; then fail "taking the lease: only $free kB are free below /nix"; fi
  # The lock is ours, so no attempt lives: nobody watches these folders any more (R15).
  find "$volatile" -mindepth 1 -maxdepth 1 -type d -exec rm -rf {} +
  mkdir -m 700 "$volatile/$3"
  rm -f "$state/log"
  write_gate
  write_lease <<END || fail 'taking the lease: it cannot be written'
ledger=$1
n=$2
run=$3
owner=$4
path=$5
before=$(where /run/current-system)
bootId=$(boot_id)
uptime=$(uptime_seconds)
limit=$6
failedBefore=$(echo $(failed_units))
stage=taken
END
  answer locked=false
}

write_gate() {
  cat >"$state/gate.new" <<'END-OF-GATE'
${gate}END-OF-GATE
  chmod 755 "$state/gate.new" && sync "$state/gate.new" && mv "$state/gate.new" "$state/gate" ||
    fail 'taking the lease: the gate cannot be written'
}
`
