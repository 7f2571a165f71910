import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { debianArchive } from './apt.ts'
import { cache, workshop } from './cache.ts'
import type { Tool } from './tool.ts'

/** Debian 12: its systemd runs on hosts with either version of cgroups, Debian 13's wants the second. */
const suite = 'bookworm'
// debootstrap knows no virtual packages: nix-bin needs one, which libdbi-perl provides.
const packages =
  'systemd,systemd-sysv,dbus,openssh-server,nix-bin,libdbi-perl,iproute2,iptables,procps,ca-certificates'

/** Runs at boot what the last `switch-to-configuration boot|switch` left as the default. */
const bootUnit = `[Unit]
Description=Activate the system of the boot entry
ConditionPathExists=/boot/default
After=basic.target
Before=ssh.service

[Service]
Type=oneshot
RemainAfterExit=true
TimeoutStartSec=60
ExecStart=/usr/local/sbin/nixcluster-lab-boot

[Install]
WantedBy=multi-user.target
`

const bootProgram = `#!/bin/sh
system=$(readlink -f /boot/default)
ln -sfn "$system" /run/booted-system
for program in activate-at-boot activate; do
  if test -x "$system/$program"; then exec "$system/$program"; fi
done
`

const sshd = `PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
UseDNS no
PrintMotd no
MaxStartups 200
MaxSessions 100
`

const nixConf = `experimental-features = nix-command flakes
substituters =
trusted-users = root
sandbox = false
build-users-group =
`

/** Runs as root in namespaces of its own, so that an interrupted run leaves no mount behind. */
const recipe = `set -eu
debootstrap --variant=minbase --include=${packages} ${suite} "$base" $mirror >&2
mount -t proc proc "$base/proc"
run() { chroot "$base" env -u NIX_CONF_DIR -u NIX_CONFIG "$@"; }
cat > "$base/etc/systemd/system/nixcluster-lab-boot.service" <<'END'
${bootUnit}END
cat > "$base/usr/local/sbin/nixcluster-lab-boot" <<'END'
${bootProgram}END
chmod 755 "$base/usr/local/sbin/nixcluster-lab-boot"
cat > "$base/etc/ssh/sshd_config.d/nixcluster-lab.conf" <<'END'
${sshd}END
mkdir -p "$base/etc/nix"
cat > "$base/etc/nix/nix.conf" <<'END'
${nixConf}END
install -d -m 700 "$base/root/.ssh"
install -d "$base/boot"
run systemctl enable nixcluster-lab-boot.service ssh.service
for timer in "$base"/lib/systemd/system/*.timer; do run systemctl mask "$(basename "$timer")"; done
run systemctl mask getty.target console-getty.service systemd-resolved.service systemd-networkd.service systemd-timesyncd.service
run nix-store --init
rm -f "$base"/etc/ssh/ssh_host_* "$base"/etc/machine-id "$base"/etc/hostname
run apt-get clean
rm -rf "$base"/var/lib/apt/lists/*
umount "$base/proc"
`

/** The system that every machine of the lab starts from; named after the recipe it was made by. */
export const basePath = join(
  cache,
  'lab',
  `base-${createHash('sha256').update(recipe).digest('hex').slice(0, 12)}`,
)

/** The base image: a small Debian with systemd, sshd and Nix, made once. */
export const baseImage: Tool = {
  name: 'base image',
  plan: `a Debian 12 for the lab's machines by debootstrap into ${basePath} (410 MB, 100 s)`,
  isReady: () => Promise.resolve(existsSync(basePath)),
  obstacle: async () =>
    process.getuid?.() === 0
      ? undefined
      : 'the base image of the lab is made by root: run this as root',
  async install() {
    const base = join(workshop, 'base')
    await mkdir(join(cache, 'lab'), { recursive: true })
    await execa('unshare', ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-s'], {
      input: recipe,
      env: { base, mirror: (await debianArchive())?.uri ?? '', DEBIAN_FRONTEND: 'noninteractive' },
    })
    await rename(base, basePath)
  },
}
