#!/bin/sh
# Makes this system the running one, as far as files, users and the host's name go. Units are the business of
# switch-to-configuration.
PATH=/usr/bin:/bin:/usr/sbin:/sbin
export PATH LC_ALL=C
system=@out@
umask 022
status=0
owned=/var/lib/nixos/etc-files        # what this machine's /etc has from us, one path a line
accounts=@accounts@                    # the accounts as NixOS writes them, to be read by people and plans
aside=/var/lib/nixos/etc-before       # what was there before, kept until we let go of the path
tables=/var/lib/nixos/users           # accounts that were created by us
mkdir -p /var/lib/nixos /run/nixos "$aside"

say() { echo "$*" >&2; }

# Files without which a machine of another distribution is lost.
is_precious() {
  case $1 in
    passwd | group | shadow | gshadow | fstab | machine-id | ssh/sshd_config | ssh/ssh_host_*) true ;;
    *) false ;;
  esac
}

# What a name in /etc is to be a link to. systemd takes the name of a unit from where its link lies, so the
# links between units stay relative.
link_of() { # name
  case $1 in
    systemd/system/*) readlink "$new/$1" || echo "/etc/static/$1" ;;
    *) echo "/etc/static/$1" ;;
  esac
}

owns() { grep -qxF -- "$1" "$owned"; }

# An activation that was killed left links that are in no list yet.
recover() {
  touch "$owned"
  [ -e "$owned.new" ] || return 0
  while read -r name; do
    case $name:$(readlink "/etc/$name") in
      *:/etc/static/* | systemd/system/*:../*) owns "$name" || echo "$name" >> "$owned" ;;
    esac
  done < "$owned.new"
  sort -u -o "$owned" "$owned"
}

setup_etc() {
  say "setting up /etc..."
  recover
  new=$(readlink -f "$system/etc")
  ln -sfn "$new" /etc/static.tmp && mv -T /etc/static.tmp /etc/static
  (cd "$new" && find . \( -type l -o -type f \) ! -name '*.mode' ! -name '*.uid' ! -name '*.gid') |
    sed 's|^\./||' | sort > "$owned.new"
  comm -23 "$owned" "$owned.new" | while read -r name; do
    rm -f "/etc/$name"
    if [ -e "$aside/$name" ] || [ -L "$aside/$name" ]; then mv -T "$aside/$name" "/etc/$name"; fi
    folder=$(dirname "$name")
    while [ "$folder" != . ] && rmdir "/etc/$folder" 2>/dev/null; do folder=$(dirname "$folder"); done
  done
  while read -r name; do
    source=$new/$name target=/etc/$name
    if is_precious "$name"; then
      say "refusing to replace $target: it belongs to the machine"
      status=1
      continue
    fi
    # The usual case, without a process: a link of ours that is to stay.
    [ ! -e "$source.mode" ] && [ -L "$target" ] && [ "$target" -ef "$source" ] && owns "$name" && continue
    mkdir -p "$(dirname "$target")" || { status=1; continue; }
    if { [ -e "$target" ] || [ -L "$target" ]; } && ! owns "$name"; then
      mkdir -p "$(dirname "$aside/$name")"
      mv -T "$target" "$aside/$name" || { status=1; continue; }
    fi
    if [ -e "$source.mode" ]; then
      cp -L "$source" "$target.tmp" &&
        chown "$(sed 's/^+//' "$source.uid"):$(sed 's/^+//' "$source.gid")" "$target.tmp" &&
        chmod "$(cat "$source.mode")" "$target.tmp" &&
        mv -T "$target.tmp" "$target" || status=1
    else
      ln -sfn "$(link_of "$name")" "$target.tmp" && mv -T "$target.tmp" "$target" || status=1
    fi
  done < "$owned.new"
  mv "$owned.new" "$owned"
}

setup_users() {
  separator=$(printf '\037')
  touch "$tables" "$tables.new"
  # What a killed activation created counts as ours.
  sort -u -o "$tables" "$tables" "$tables.new"
  : > "$tables.new"
  # Groups first: users name them.
  while IFS=$separator read -r kind name id rest; do
    [ "$kind" = group ] || continue
    if ! getent group "$name" >/dev/null; then
      groupadd ${id:+--gid "$id"} -- "$name" || { status=1; continue; }
      say "creating group '$name'"
      echo "group $name" >> "$tables.new"
    elif grep -qxF "group $name" "$tables"; then
      echo "group $name" >> "$tables.new"
    fi
  done < "$system/users"
  while IFS= read -r line; do
    # Empty fields count, so this character must not be white space to the shell.
    IFS=$separator
    set -f
    # shellcheck disable=SC2086
    set -- $line$separator
    set +f
    unset IFS
    [ "$1" = user ] || continue
    name=$2 uid=$3 group=$4 extra=$5 home=$6 create=$7 shell=$8 kind=$9
    shift 9
    description=$1 password=$2 password_file=$3
    if ! getent passwd "$name" >/dev/null; then
      [ "$kind" = system ] && set -- --system || set --
      [ -n "$create" ] && set -- "$@" --create-home || set -- "$@" --no-create-home
      getent group "$group" >/dev/null || groupadd -- "$group"
      useradd "$@" ${uid:+--uid "$uid"} --gid "$group" --home-dir "$home" --shell "$shell" \
        --comment "$description" -- "$name" || { status=1; continue; }
      say "creating user '$name'"
      echo "user $name" >> "$tables.new"
      [ -n "$password$password_file" ] || echo "$name:*" | chpasswd -e
    else
      if grep -qxF "user $name" "$tables"; then echo "user $name" >> "$tables.new"; fi
      if [ "$(getent passwd "$name" | cut -d: -f5-7)" != "$description:$home:$shell" ]; then
        usermod --home "$home" --shell "$shell" --comment "$description" -- "$name" || status=1
      fi
      [ "$(id -gn "$name")" = "$group" ] || usermod --gid "$group" -- "$name" || status=1
    fi
    if [ "$(id -nG "$name" | tr ' ' '\n' | grep -vxF -- "$group" | sort | paste -sd, -)" != "$(echo "$extra" | tr , '\n' | sort | paste -sd, -)" ]; then
      for one in $(echo "$extra" | tr , ' '); do getent group "$one" >/dev/null || groupadd -- "$one"; done
      usermod --groups "$extra" -- "$name" || status=1
    fi
    if [ -n "$password_file" ] && [ -r "$password_file" ]; then password=$(cat "$password_file"); fi
    [ -z "$password" ] || printf '%s:%s\n' "$name" "$password" | chpasswd -e || status=1
  done < "$system/users"
  while read -r kind name; do
    grep -qxF "$kind $name" "$tables.new" && continue
    if [ "$kind" = user ]; then
      say "removing user '$name'"
      userdel -- "$name" || status=1
    else
      say "removing group '$name'"
      groupdel -- "$name" 2>/dev/null || getent group "$name" >/dev/null && echo "group $name" >> "$tables.new"
    fi
  done < "$tables"
  mv "$tables.new" "$tables"
}

# A reload closes sshd's port for a moment: only when it would say something else then.
sshd_settings() {
  mkdir -p /run/sshd
  sshd -T 2>&1
}

run_snippet() { # name, function
  ( "$2" ) || {
    say "Activation script snippet '$1' failed ($?)"
    status=1
  }
}

sshd_before=$(sshd_settings)
setup_etc
setup_users
name=$(cat "$system/host-name")
[ -z "$name" ] || [ "$(hostname)" = "$name" ] || hostname "$name"
if [ "$sshd_before" != "$(sshd_settings)" ] && [ -z "$NIXOS_AT_BOOT" ]; then
  if sshd -t; then systemctl reload ssh.service || true; else status=1; fi
fi
[ ! -e /etc/sysctl.d/60-nixos.conf ] || sysctl -q -e -p /etc/sysctl.d/60-nixos.conf 2>/dev/null || true
[ ! -e /etc/tmpfiles.d/00-nixos.conf ] || systemd-tmpfiles --create /etc/tmpfiles.d/00-nixos.conf || status=1

@snippets@

ln -sfn "$(readlink -f "$system")" /run/current-system.tmp && mv -T /run/current-system.tmp /run/current-system
exit $status
