/**
 * What every script on a machine begins with: POSIX sh with coreutils, sed, grep, util-linux and Nix, run by root.
 *
 * The lease lies beside the profiles that it guards, so on disk (R9); the lock lies in /run, where the kernel lets
 * go of it when the last process that inherited it has ended (R13).
 */
export const common = `set -u
PATH=/run/current-system/sw/bin:/nix/var/nix/profiles/default/bin:/usr/bin:/bin:/usr/sbin:/sbin
LC_ALL=C
export PATH LC_ALL
state=/nix/var/nixcluster
volatile=/run/nixcluster
profile=/nix/var/nix/profiles/system

# lease KEY
lease() { sed -n "s/^$1=//p" "$state/lease" 2>/dev/null; }

# Text on standard input becomes the lease: all of it or nothing, also after a power cut.
write_lease() {
  cat >"$state/lease.new" && sync "$state/lease.new" &&
    mv "$state/lease.new" "$state/lease" && sync "$state"
}

# set_stage STAGE
set_stage() { sed "s/^stage=.*/stage=$1/" "$state/lease" | write_lease; }

uptime_seconds() { cut -d. -f1 /proc/uptime; }
boot_id() { cat /proc/sys/kernel/random/boot_id; }

# where LINK: what it leads to, nothing where it leads nowhere
where() { if [ -e "$1" ]; then readlink -f "$1"; fi; }

# system_of PROFILE: the NixOS toplevel that it is or wraps; found by files that only a toplevel has itself
system_of() {
  for file in activate nixos-version init system; do
    if [ -f "$1/$file" ]; then
      found=$(readlink -f "$1/$file")
      found=$(dirname "$found")
      if [ -e "$found/bin/switch-to-configuration" ]; then echo "$found"; return; fi
    fi
  done
}

# number_of LINK: system-12-link -> 12
number_of() { basename "$1" | sed -n 's/^system-\\([0-9]*\\)-link$/\\1/p'; }

newest_generation() {
  for link in "$profile"-*-link; do
    if [ -L "$link" ]; then number_of "$link"; fi
  done | sort -n | tail -n 1
}

current_generation() { if [ -L "$profile" ]; then number_of "$(readlink "$profile")"; fi; }

# R16: somebody else's switch of this machine
switching=/run/nixos/switch-to-configuration.lock
is_switching() { [ -e "$switching" ] && ! flock -n "$switching" true; }

# R17: newest generation = current generation = what runs, and deploy-rs' rollback can activate it again
is_seated() {
  running=$(where /run/current-system)
  # Where nothing of Nix runs there is nothing that a rollback could come back to.
  if [ -z "$running" ]; then [ -z "$(newest_generation)" ]; return; fi
  [ "$(current_generation)" = "$(newest_generation)" ] &&
    [ -x "$profile/deploy-rs-activate" ] &&
    [ "$(system_of "$profile")" = "$running" ]
}
`

/** What the scripts that answer have besides; the answer stands between two marks, whatever a login shell says. */
export const answering = `
fail() { echo "$1" >&2; exit 1; }

# lock SECONDS: from here on nothing else of ours runs; where an attempt lives, that is the answer
lock() {
  mkdir -p -m 700 "$volatile"
  exec 8>>"$volatile/lock"
  flock -w "$1" 8 || answer locked=true
}

# own RUN: nothing is done under a nonce that the lease does not have (R13)
own() { [ "$(lease run)" = "$1" ] || answer locked=false; }

# answer LINE: prints the machine as it is, and ends
answer() {
  echo nixcluster-answer
  echo "$1"
  echo "switching=$(is_switching && echo true || echo false)"
  echo "profile=$(where "$profile")"
  echo "profileSystem=$(system_of "$profile")"
  echo "running=$(where /run/current-system)"
  echo "booted=$(where /run/booted-system)"
  echo "generation=$(current_generation)"
  echo "newest=$(newest_generation)"
  echo "activatable=$([ -x "$profile/deploy-rs-activate" ] && echo true || echo false)"
  echo "bootId=$(boot_id)"
  echo "uptime=$(uptime_seconds)"
  failed_units | sed 's/^/failedUnit=/'
  sed 's/^/lease./' "$state/lease" 2>/dev/null
  tail -n 100 "$state/log" 2>/dev/null | sed 's/^/log=/'
  echo nixcluster-end
  exit 0
}

# Not those that are only remembered as failed and do not exist any more.
failed_units() {
  systemctl list-units --state=failed --no-legend --plain --no-pager 2>/dev/null |
    while read -r unit load rest; do if [ "$load" != not-found ]; then echo "$unit"; fi; done
}

# What runs, in a form that deploy-rs' rollback can activate: a generation that is one, else one is built here.
activatable() {
  for link in $(ls -d "$profile"-*-link 2>/dev/null | sort -rV); do
    if [ -x "$link/deploy-rs-activate" ] && [ "$(system_of "$link")" = "$1" ]; then
      readlink -f "$link"
      return
    fi
  done
  wrap "$1"
}

# wrap TOPLEVEL: the toplevel's content by links, with the program that deploy-rs' rollback calls
wrap() {
  cat >"$volatile/wrap.nix" <<'END-OF-NIX'
{ toplevel, path }:
derivation {
  name = "activatable-" + builtins.substring 33 (-1) (baseNameOf toplevel);
  system = builtins.currentSystem;
  builder = "/bin/sh";
  args = [ "-euc" ''
    mkdir $out
    for file in $toplevel/*; do ln -s $file $out/; done
    cp $program $out/deploy-rs-activate
    chmod 555 $out/deploy-rs-activate
  '' ];
  PATH = path;
  toplevel = builtins.storePath toplevel;
  preferLocalBuild = true;
  allowSubstitutes = false;
  program = builtins.toFile "deploy-rs-activate" ''
    #!/bin/sh
    verb=switch
    if [ "$BOOT" = 1 ]; then verb=boot; fi
    if [ "$DRY_ACTIVATE" = 1 ]; then verb=dry-activate; fi
    exec "$PROFILE/bin/switch-to-configuration" $verb
  '';
}
END-OF-NIX
  nix-build --out-link "$volatile/wrapped" --argstr toplevel "$1" --argstr path "$1/sw/bin:$PATH" "$volatile/wrap.nix"
}

# R17: what runs becomes the newest generation and the boot entry; nothing is activated
seat() {
  if is_seated; then return; fi
  running=$(where /run/current-system)
  if [ -z "$running" ]; then set_aside; return; fi
  form=$(activatable "$running" 8>&-)
  if [ -z "$form" ]; then fail "seating: $running has no activatable form"; fi
  nix-env -p "$profile" --set "$form" 8>&- || fail "seating: nix-env --set $form failed"
  rm -f "$volatile/wrapped"
  write_boot_entry
}

# Generations that were set on a machine of another distribution, and never ran: kept under names of their own.
set_aside() {
  for link in "$profile" "$profile"-*-link; do
    if [ -L "$link" ]; then mv -T "$link" "$(dirname "$link")/nixcluster-$(basename "$link")"; fi
  done
}

write_boot_entry() {
  running=$(where /run/current-system)
  if [ -z "$running" ]; then return; fi
  "$running/bin/switch-to-configuration" boot >"$volatile/boot.log" 2>&1 8>&- ||
    fail "seating: $running/bin/switch-to-configuration boot failed: $(tail -n 3 "$volatile/boot.log")"
}
`
