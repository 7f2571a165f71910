#!/bin/sh
# Makes a fresh Debian 13 the controller's home: its programs, its user, its folders. Run as root, once.
set -eu

user=nixcluster
# Fixed: whoever hands over files such as secrets has to name it.
id=10001
home=/var/lib/nixcluster

export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet
# Node itself is copied from its own image, and needs libstdc++ and nothing more.
apt-get install --yes --quiet --no-install-recommends \
  ca-certificates git libstdc++6 nix-bin openssh-client tini valkey-server
apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/debconf/* /var/log/*.log /var/log/apt

groupadd --gid "$id" "$user"
# A user without a password and without a shell to log in by.
useradd --uid "$id" --gid "$id" --home-dir "$home" --shell /usr/sbin/nologin "$user"
install -d -m 700 -o "$id" -g "$id" "$home"
# For repositories of plain git; a volume that is mounted here takes over whom it belongs to.
install -d -m 755 -o "$id" -g "$id" /srv/git

# Nix of one user, without a daemon: the store is that user's, the program is Debian's.
install -d -m 755 -o "$id" -g "$id" /nix
install -d -m 755 /etc/nix /etc/nixcluster
cat >/etc/nix/nix.conf <<'END'
experimental-features = nix-command flakes
# Where /nix is an empty volume, Nix would make itself another store in the user's home.
store = local
build-users-group =
# Where the container may not make namespaces, builds run without a sandbox rather than not at all.
sandbox = true
sandbox-fallback = true
END

ln -s /opt/nixcluster/bin/nixcluster /usr/local/bin/nixcluster

# Nobody in here becomes somebody else.
find / -xdev -type f -perm /6000 -exec chmod a-s {} +
