import { common } from './common.ts'

/**
 * The one door through which deploy-rs acts on a machine (R12): its `sudo`, so it is called as
 * `gate RUN USER COMMAND…` for all three of deploy-rs' remote commands, and refuses everything else.
 */
export const gate = `#!/bin/sh
# The door through which nixcluster lets deploy-rs act on this machine; written anew by every attempt.
${common}
refuse() { echo "nixcluster: the gate refuses: $1" >&2; exit 75; }

says() { grep -q "\\[activate\\].*$1" "$state/log"; }
overdue='nixcluster: the switch did not end in time and was ended'

descendants() {
  for status in $(grep -l "^PPid:[[:space:]]*$1\$" /proc/[0-9]*/status 2>/dev/null); do
    child=$(echo "$status" | cut -d/ -f3)
    echo "$child"
    (descendants "$child")
  done
}

# Stopped first, so that none goes on with its next step when the one that it waits for is gone.
end() {
  kill -STOP "$@" 2>/dev/null
  kill -KILL "$@" 2>/dev/null
}

# Processes of this session, which is the supervisor's, except those that lead to here
left_behind() {
  for stat in /proc/[0-9]*/stat; do
    read -r line 2>/dev/null <"$stat" || continue
    # Behind the name, which may hold anything: state parent group session
    set -- \${line##*) }
    pid=\${stat#/proc/}
    pid=\${pid%/stat}
    if [ "$4" = "$$" ] && [ "$pid" != "$$" ] && [ "$2" != "$$" ]; then echo "$pid"; fi
  done
}

# watch PROCESS SECONDS: ends a switch that hangs, never activate itself, so that activate rolls back (R13)
watch() {
  phase=switch
  seconds=0
  while kill -0 "$1" 2>/dev/null; do
    sleep 1
    now=switch
    if says 'Waiting for confirmation'; then now=waiting; fi
    if says 'De-activating due to error'; then now=rollback; fi
    if [ "$now" != "$phase" ]; then phase=$now; seconds=0; fi
    seconds=$((seconds + 1))
    if [ "$phase" != waiting ] && [ "$seconds" -ge "$2" ]; then
      seconds=0
      if [ "$phase" = switch ]; then echo "$overdue" >>"$state/log"; fi
      end $(descendants "$1")
    fi
  done
}

# judge EXITCODE: what is proven about the end (R20); a stage that stays 'started' proves nothing
judge() {
  if [ "$1" = 0 ]; then echo ok; return; fi
  # Killed, panicked, or taken down with the machine: nobody's fault.
  if [ "$1" != 1 ] || [ "$(systemctl is-system-running 2>/dev/null)" = stopping ]; then echo started; return; fi
  if says 'Waiting for confirmation' || grep -q "^$overdue" "$state/log"; then echo unconfirmed; return; fi
  if says 'Nix profile set command'; then echo unset; return; fi
  # The rollback failed, and hides whether setting the profile had.
  if says 'Nix rollback command' && [ "$(where "$profile")" != "$(lease path)" ]; then echo unset; return; fi
  echo failed
}

# A session of its own, so that its last sleep does not count as left behind.
if [ "$1" = watch ]; then watch "$2" "$3"; exit; fi

# Outlives the connection, holds the lock on descriptor 8 and hands it down to activate and its children.
if [ "$1" = supervise ]; then
  shift
  trap '' HUP
  "$@" &
  activate=$!
  setsid "$0" watch "$activate" "$(lease limit)" 8>&- &
  watchdog=$!
  wait "$activate"
  code=$?
  kill "$watchdog" 2>/dev/null
  # Killed, activate leaves its switch behind; that lives in this session and may have closed the descriptor.
  seconds=0
  while [ -n "$(left_behind)" ]; do
    sleep 1
    seconds=$((seconds + 1))
    if [ "$seconds" -ge "$(lease limit)" ]; then end $(left_behind); fi
  done
  echo "ended=$(uptime_seconds)" | cat "$state/lease" - | sed "s/^stage=.*/stage=$(judge "$code")/" | write_lease
  exit "$code"
fi

run=$1
# deploy-rs puts a user's name there; who runs this is root already.
shift 2
mine() { [ "$(lease run)" = "$run" ] || refuse 'another run holds the lease, or none does'; }

case "$1 \${2:-}" in
"$(lease path)/activate-rs wait")
  mine
  exec "$@"
  ;;
"rm $volatile/$run/"*)
  mine
  exec "$@"
  ;;
"$(lease path)/activate-rs activate") ;;
*)
  mine
  refuse "not what the lease is for: $1 \${2:-}"
  ;;
esac

exec 8>>"$volatile/lock"
flock -w 10 8 || refuse 'an attempt lives on this machine'
mine
[ "$(lease stage)" = taken ] || refuse "the lease is $(lease stage)"
[ "$3" = "$(lease path)" ] || refuse 'the lease is for another path'
[ -d "$volatile/$run" ] || refuse 'the machine was booted since the lease was taken'
is_seated || refuse 'what runs is not the newest generation'
# R16: deploy-rs' rollback would delete the good generation
if [ "$(where "$profile")" = "$3" ]; then refuse 'this is the profile already'; fi
if is_switching; then refuse 'somebody else is switching this machine'; fi

{ sed '/^stage=/d' "$state/lease"; echo stage=started; echo "started=$(uptime_seconds)"; } | write_lease ||
  refuse 'the lease cannot be written'
# A file and a session of its own: the connection may die at any line (R14).
setsid "$0" supervise "$@" </dev/null >>"$state/log" 2>&1 &
supervisor=$!
exec 8>&-
wait "$supervisor"
code=$?
cat "$state/log" >&2
exit "$code"
`
