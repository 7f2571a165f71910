#!/bin/sh
# Run early in the boot by the machine's boot unit, when this system is the boot entry. Units that lie in /etc
# already come up by themselves; after `switch-to-configuration boot` they lie there only now.
PATH=/usr/bin:/bin:/usr/sbin:/sbin
export PATH LC_ALL=C
system=@out@
before=$(readlink -f /etc/static)
[ ! -d "$before/systemd/system" ] || (cd "$before/systemd/system" && ls) | sort > /run/nixos-units-before
NIXOS_AT_BOOT=1 "$system/activate"
status=$?
if [ "$before" != "$(readlink -f /etc/static)" ]; then
  systemctl daemon-reload
  if [ -e /run/nixos-units-before ]; then
    (cd "$system/etc/systemd/system" 2>/dev/null && ls) | sort | comm -23 /run/nixos-units-before - |
      grep -E '\.(service|timer|socket|path|target)$' | xargs -r systemctl stop --no-block --
  fi
  # The target's start is under way with the old units: what the new ones want is added to it.
  systemctl start --no-block multi-user.target timers.target sockets.target
fi
exit $status
