#!/bin/sh
# switch-to-configuration switch | boot | test | dry-activate: NixOS' program of that name, for a machine whose
# systemd is Debian's. Only units of the two systems are compared and touched; Debian's own are left alone.
# Ends with 0, or 4 when units failed, 2 when the activation did, 1 when it could not run.
PATH=/usr/bin:/bin:/usr/sbin:/sbin
export PATH LC_ALL=C
system=@out@
action=$1
# The connection that started this may be cut by it.
trap '' HUP PIPE

case $action in
  switch | boot | test | dry-activate) ;;
  *)
    echo "Usage: $0 [switch|boot|test|dry-activate]

switch:       make the configuration the boot default and activate now
boot:         make the configuration the boot default
test:         activate the configuration, but don't make it the boot default
dry-activate: show what would be done if this configuration were activated" >&2
    exit 1
    ;;
esac

say() { echo "$*" >&2; }
mkdir -p -m 0755 /run/nixos
exec 9>>/run/nixos/switch-to-configuration.lock || exit 1
flock --nonblock 9 || { say "Could not acquire lock"; exit 1; }

if [ "$action" = switch ] || [ "$action" = boot ]; then
  mkdir -p /boot
  ln -sfn "$system" /boot/default.tmp && mv -T /boot/default.tmp /boot/default && sync -f /boot || exit 1
  [ "$action" = switch ] || exit 0
fi

work=$(mktemp -d /run/nixos/switch.XXXXXX) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
for list in stop reload restart start skip before active; do : > "$list"; done

old=$(readlink -f /run/current-system)/etc/systemd/system
new=$system/etc/systemd/system
units() { [ ! -d "$1" ] || (cd "$1" && ls | grep -E '\.(service|timer|socket|path|target|slice)$'); }
units "$old" | sort > old-units
units "$new" | sort > new-units

# Names of units in the file, on one line as NixOS prints them.
listed() { sort -u "$1" | paste -sd, - | sed 's/,/, /g'; }
unit_list() { sort -u "$1" | tr '\n' ' '; }
show() { # words, file
  [ ! -s "$2" ] || say "$1: $(listed "$2")"
}
is_set() { grep -qiE "^$2=(true|yes|1)\$" "$1"; }
is_unset() { grep -qiE "^$2=(false|no|0)\$" "$1"; }
states() { # names on stdin -> "name state" of each
  names=$(tr '\n' ' ')
  [ -z "$names" ] || systemctl show --property=Id,ActiveState -- $names |
    awk -F= '/^Id=/ { id = $2 } /^ActiveState=/ { state = $2 } id != "" && state != "" { print id, state; id = state = "" }'
}
failed() { systemctl list-units --all --state=failed --no-legend --plain --full | awk '{ print $1 }' | sort; }

cat old-units new-units | sort -u | grep -v '@\.' | states > all-states
awk '$2 == "active" || $2 == "activating" || $2 == "reloading" { print $1 }' all-states | sort > active
failed > failed-before

while read -r unit; do
  if [ ! -e "$new/$unit" ] || [ "$(readlink -f "$new/$unit")" = /dev/null ]; then
    echo "$unit" >> stop
    [ -e "$new/$unit" ] || echo "$unit" >> removed
    continue
  fi
  [ -e "$old/$unit" ] || { echo "$unit" >> restart; continue; }   # it was Debian's until now
  cmp -s "$old/$unit" "$new/$unit" && continue
  case $unit in *.target | *.slice | *.path) continue ;; esac
  for side in old new; do
    eval "folder=\$$side"
    grep -vE '^(X-Reload-Triggers|Description|Documentation)=' "$folder/$unit" > "unit.$side"
  done
  if cmp -s unit.old unit.new; then
    grep -E '^X-Reload-Triggers=' "$old/$unit" > unit.old
    grep -E '^X-Reload-Triggers=' "$new/$unit" > unit.new
    cmp -s unit.old unit.new || echo "$unit" >> reload
  elif is_set "$new/$unit" X-ReloadIfChanged; then
    echo "$unit" >> reload
  elif is_unset "$new/$unit" X-RestartIfChanged || is_set "$new/$unit" RefuseManualStop; then
    echo "$unit" >> skip
  elif is_unset "$new/$unit" X-StopIfChanged; then
    echo "$unit" >> restart
  else
    echo "$unit" >> stop
    echo "$unit" >> start
  fi
done < active

# Everything that an active target of the machine wants and that does not run.
for link in "$new"/*.wants/* "$new"/*.requires/*; do
  unit=${link##*/} target=${link%/*}
  target=${target##*/}
  [ -e "$new/$unit" ] && [ "$(readlink -f "$new/$unit")" != /dev/null ] || continue
  grep -qxF -- "$unit" active && continue
  echo "${target%.*} $unit" >> wanted
done
if [ -s wanted ]; then
  cut -d' ' -f1 wanted | sort -u | states | awk '$2 == "active" || $2 == "activating" { print $1 }' > targets
  # While the machine boots its targets are not reached yet, but will be.
  cut -d' ' -f1 wanted | sort -u | grep -xE 'multi-user.target|default.target' >> targets
  awk 'NR == FNR { up[$1]; next } $1 in up { print $2 }' targets wanted >> start
fi

would=
[ "$action" = dry-activate ] && would=would
if [ -n "$would" ]; then
  show "would stop the following units" stop
  show "would NOT restart the following changed units" skip
  say "would activate the configuration..."
  show "would reload the following units" reload
  show "would restart the following units" restart
  show "would start the following units" start
  exit 0
fi

logger -t nixos "switching to system configuration $system" 2>/dev/null
status=0
if [ -s stop ]; then
  show "stopping the following units" stop
  touch removed
  cp removed /run/nixos/removed-units
  systemctl stop -- $(unit_list stop)
  rm -f /run/nixos/removed-units
fi
show "NOT restarting the following changed units" skip

say "activating the configuration..."
"$system/activate" || status=2

{ cat start restart; comm -23 old-units new-units; } | sort -u | comm -12 - failed-before |
  xargs -r systemctl reset-failed --
systemctl daemon-reload || status=3

# A unit of Debian's that ours stood before.
if [ -s removed ]; then
  while read -r unit; do
    [ "$(systemctl is-enabled "$unit" 2>/dev/null)" = enabled ] && systemctl start "$unit"
  done < removed
fi
if [ -s reload ]; then
  show "reloading the following units" reload
  systemctl reload -- $(unit_list reload) || status=4
fi
if [ -s restart ]; then
  show "restarting the following units" restart
  systemctl restart -- $(unit_list restart) || status=4
fi
if [ -s start ]; then
  # As in NixOS only those are named that ran before; the others are told of when they are up.
  sort -u start | comm -12 - active > start-again
  show "starting the following units" start-again
  systemctl start -- $(unit_list start) || status=4
fi

sort -u start | comm -23 - active | states | awk '$2 == "active" || $2 == "reloading" { print $1 }' > started
show "the following new units were started" started

# A service that gives up within its first moments is seen failing, or waiting for its next try.
sort -u start restart | grep '\.service$' > fresh
[ ! -s fresh ] || sleep 0.2
{
  failed | comm -23 - failed-before
  failed | comm -12 - new-units
  states < fresh | awk '$2 == "activating" { print $1 }' | while read -r unit; do
    [ "$(systemctl show --property=SubState --value -- "$unit")" != auto-restart ] || echo "$unit"
  done
} | sort -u > failing
if [ -s failing ]; then
  say "warning: the following units failed: $(listed failing)"
  systemctl status --no-pager --full -- $(unit_list failing) >&2
  status=4
fi

if [ $status = 0 ]; then
  logger -t nixos "finished switching to system configuration $system" 2>/dev/null
else
  logger -t nixos "switching to system configuration $system failed (status $status)" 2>/dev/null
fi
exit $status
