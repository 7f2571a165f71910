import { connect } from 'node:net'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startLab, type Lab, type LabMachine } from '../../lab/machines.ts'

/** Modules of one machine, one state of its configuration after the other. */
const states: Record<string, string> = {
  first: `
    systemd.services.stays = { wantedBy = [ "multi-user.target" ]; script = "exec sleep infinity"; };
    systemd.services.changes = { wantedBy = [ "multi-user.target" ]; script = "echo one; exec sleep infinity"; };
    systemd.services.goes = { wantedBy = [ "multi-user.target" ]; script = "exec sleep infinity"; };
    systemd.services.reloads = {
      wantedBy = [ "multi-user.target" ];
      script = "exec sleep infinity";
      reload = "date > /run/reloaded";
      reloadTriggers = [ config.environment.etc.motto.source ];
    };
    environment.etc.motto.text = "first\\n";
    environment.etc."nested/folder/file".text = "here\\n";
    environment.etc."debian_version".text = "not Debian's\\n";
    environment.systemPackages = [ pkgs.hello ];
    users.users.admin = { isNormalUser = true; extraGroups = [ "wheel" ]; openssh.authorizedKeys.keys = [ "ssh-ed25519 AAAA" ]; };`,
  second: `
    systemd.services.stays = { wantedBy = [ "multi-user.target" ]; script = "exec sleep infinity"; };
    systemd.services.changes = { wantedBy = [ "multi-user.target" ]; script = "echo two; exec sleep infinity"; };
    systemd.services.comes = { wantedBy = [ "multi-user.target" ]; script = "exec sleep infinity"; };
    systemd.services.reloads = {
      wantedBy = [ "multi-user.target" ];
      script = "exec sleep infinity";
      reload = "date > /run/reloaded";
      reloadTriggers = [ config.environment.etc.motto.source ];
    };
    environment.etc.motto.text = "second\\n";
    environment.systemPackages = [ pkgs.hello pkgs.htop ];`,
  broken: `
    systemd.services.stays = { wantedBy = [ "multi-user.target" ]; script = "exec sleep infinity"; };
    systemd.services.breaks = { wantedBy = [ "multi-user.target" ]; script = "exit 1"; };`,
}

let lab: Lab
let machine: LabMachine
let folder: string
const systems: Record<string, string> = {}

beforeAll(async () => {
  lab = await startLab({ machines: ['vm0'] })
  machine = lab.machines.vm0!
  folder = await mkdtemp(join(tmpdir(), 'switch-'))
  await writeFile(
    join(folder, 'flake.nix'),
    flake({
      ...states,
      second: states.second + addressed(machine.address, lab.gateway),
      elsewhere: addressed('10.255.255.1', '10.255.255.254'),
    }),
  )
  const nix = (...args: string[]) => execa('nix', args, { env: lab.environment, cwd: folder })
  const names = [...Object.keys(states), 'elsewhere']
  const { stdout } = await nix(
    'build',
    '--no-link',
    '--print-out-paths',
    ...names.map((name) => `path:.#${name}`),
  )
  stdout.split('\n').forEach((path, index) => (systems[names[index]!] = path))
  await execa(
    'nix',
    ['copy', '--no-check-sigs', '--to', `ssh://root@${machine.address}`, ...Object.values(systems)],
    {
      env: {
        ...lab.environment,
        NIX_SSHOPTS: `-i ${lab.identityFile} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null`,
      },
    },
  )
})

afterAll(async () => {
  await lab?.stop()
  if (folder) await rm(folder, { recursive: true })
})

const addressed = (address: string, gateway: string): string => `
    networking.interfaces.eth0.ipv4.addresses = [ { address = "${address}"; prefixLength = 24; } ];
    networking.defaultGateway = "${gateway}";`

function flake(modules: Record<string, string>): string {
  const packages = Object.entries(modules).map(
    ([name, text]) => `${name} = system ({ config, pkgs, ... }: {${text}\n});`,
  )
  return `{
    inputs.nixpkgs.url = "path:${join(import.meta.dirname, '../../lab/nixpkgs')}";
    outputs = { nixpkgs, ... }: let
      system = module: (nixpkgs.lib.nixosSystem {
        system = "${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux";
        modules = [ { networking.hostName = "vm0"; } module ];
      }).config.system.build.toplevel;
    in { packages.${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux = {
      ${packages.join('\n')}
    }; };
  }`
}

const switchTo = (state: string, action = 'switch') =>
  machine.run(`${systems[state]}/bin/switch-to-configuration ${action} 2>&1`)
const read = async (script: string): Promise<string> => (await machine.run(script)).stdout
const processOf = (unit: string): Promise<string> => read(`systemctl show -P MainPID ${unit}`)

describe('switch-to-configuration on a real machine', () => {
  test('starts units, writes /etc, makes users and sets the running system', async () => {
    const { stdout, exitCode } = await switchTo('first')
    expect(stdout).toContain('activating the configuration...\nsetting up /etc...')
    expect(stdout).toContain(
      'the following new units were started: changes.service, goes.service, reloads.service, stays.service',
    )
    expect(exitCode).toBe(0)
    expect(await read('systemctl is-active stays changes goes reloads')).toBe(
      'active\nactive\nactive\nactive',
    )
    expect(await read('cat /etc/motto /etc/nested/folder/file /etc/debian_version')).toBe(
      "first\nhere\nnot Debian's",
    )
    expect(await read('readlink /run/current-system /boot/default')).toBe(
      `${systems.first}\n${systems.first}`,
    )
    expect(await read('/run/current-system/sw/bin/hello')).toBe('Hello, world!')
    expect(await read('id -nG admin; cat /etc/ssh/authorized_keys.d/admin')).toBe(
      'users wheel\nssh-ed25519 AAAA',
    )
  })

  test('says what it would do without doing it', async () => {
    const { stdout, exitCode } = await switchTo('second', 'dry-activate')
    expect(stdout.split('\n')).toEqual([
      'would stop the following units: changes.service, goes.service',
      'would activate the configuration...',
      'would reload the following units: reloads.service',
      'would start the following units: changes.service, comes.service, network-addresses-eth0.service, network-setup.service',
    ])
    expect(exitCode).toBe(0)
    expect(await read('cat /etc/motto; readlink /run/current-system')).toBe(
      `first\n${systems.first}`,
    )
  })

  test('restarts what changed, reloads, removes, and leaves the rest running', async () => {
    const [stays, changes] = [await processOf('stays'), await processOf('changes')]
    const { stdout, exitCode } = await switchTo('second')
    expect(exitCode).toBe(0)
    expect(stdout).toContain('stopping the following units: changes.service, goes.service')
    expect(stdout).toContain('reloading the following units: reloads.service')
    expect(stdout).toContain('starting the following units: changes.service')
    expect(stdout).toContain(
      'the following new units were started: comes.service, network-addresses-eth0.service, network-setup.service',
    )
    expect(await processOf('stays')).toBe(stays)
    expect(await processOf('changes')).not.toBe(changes)
    expect(
      await read(
        'systemctl is-active comes goes; systemctl cat goes 2>&1; test -e /run/reloaded && echo reloaded',
      ),
    ).toBe('active\ninactive\nNo files found for goes.service.\nreloaded')
    expect(
      await read(
        'cat /etc/motto; ls -d /etc/nested 2>/dev/null; cat /etc/debian_version; id admin 2>&1',
      ),
    ).toMatch(/^second\n12\.\d+\nid: .*no such user/)
  })

  test('changes nothing the second time', async () => {
    const { stdout, exitCode } = await switchTo('second')
    expect(stdout.split('\n')).toEqual(['activating the configuration...', 'setting up /etc...'])
    expect(exitCode).toBe(0)
  })

  test('ends with 4 and names the unit that failed', async () => {
    const { stdout, exitCode } = await switchTo('broken')
    expect(stdout).toContain('warning: the following units failed: breaks.service')
    expect(exitCode).toBe(4)
  })

  test('goes back after a failure', async () => {
    expect((await switchTo('second')).exitCode).toBe(0)
    expect(await read('systemctl is-active comes; systemctl --failed --no-legend')).toBe('active')
  })

  test('comes up with the same system after a reboot', async () => {
    await machine.reboot()
    await read('until systemctl is-system-running --wait >/dev/null; do sleep 0.1; done')
    expect(await read('readlink /run/booted-system /run/current-system')).toBe(
      `${systems.second}\n${systems.second}`,
    )
    expect(await read('systemctl is-active stays comes; cat /etc/motto; hostname')).toBe(
      'active\nactive\nsecond\nvm0',
    )
  })

  test('prepares the next boot without touching what runs', async () => {
    expect((await switchTo('first', 'boot')).exitCode).toBe(0)
    expect(await read('cat /etc/motto; systemctl is-active comes')).toBe('second\nactive')
    await machine.reboot()
    await read('systemctl is-system-running --wait')
    expect(
      await read('readlink /run/booted-system; cat /etc/motto; systemctl is-active goes comes'),
    ).toBe(`${systems.first}\nfirst\nactive\ninactive`)
  })

  test('takes a wrong address at its word, and gives the old one back when the unit goes', async () => {
    const network = () => read('ip -o -4 address show scope global; ip route')
    const before = await network()
    expect(before).toContain(machine.address)
    const back = `${systems.first}/bin/switch-to-configuration test`
    // A second later, so that this connection is not the one that is cut.
    await machine.run(
      `systemd-run --unit=wander --collect sh -c 'sleep 1; ${systems.elsewhere}/bin/switch-to-configuration test; sleep 8; ${back}'`,
    )
    await expect.poll(() => answers(machine.address), { timeout: 15_000 }).toBe(false)
    // Not only for the moment of the change.
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    expect(await answers(machine.address)).toBe(false)
    const wander = async () => (await machine.run('systemctl is-active wander')).stdout.trim()
    await expect.poll(wander, { timeout: 40_000 }).toBe('inactive')
    expect(await network()).toBe(before)
  })

  test('refuses to run twice at once', async () => {
    const { stdout, exitCode } = await machine.run(
      `flock /run/nixos/switch-to-configuration.lock ${systems.second}/bin/switch-to-configuration test 2>&1`,
    )
    expect([stdout, exitCode]).toEqual(['Could not acquire lock', 1])
  })
})

/** Whether sshd takes a connection within half a second. */
function answers(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: 22, timeout: 500 })
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket
      .on('connect', () => end(true))
      .on('timeout', () => end(false))
      .on('error', () => end(false))
  })
}
