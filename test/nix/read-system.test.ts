import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { linked } from '../../scripts/cache.ts'
import { nixEnvironment } from '../../scripts/nix.ts'
import { diffSystems } from '../../src/diff/system.ts'
import type { SystemContents } from '../../src/model/system-contents.ts'
import { createNix } from '../../src/nix/nix.ts'
import { buildSystems } from '../fakes/systems.ts'

const guest = (motto: string) => `{ pkgs, ... }: {
  environment.etc.motto.text = "${motto}";
  environment.systemPackages = [ pkgs.htop ];
}`

/** One machine, one state of its configuration after the other. */
const modules = {
  first: `{ microvm, ... }: {
    imports = [ microvm.nixosModules.host ];
    users.groups.docker = { };
    users.users.alice = {
      isNormalUser = true;
      extraGroups = [ "docker" ];
      hashedPassword = "$y$secret";
      openssh.authorizedKeys.keys = [ "ssh-ed25519 AAAA alice" ];
    };
    networking.firewall.allowedTCPPorts = [ 22 80 ];
    system.switch.inhibitors.dbus-implementation = "dbus";
    networking.firewall.interfaces.wg0.allowedUDPPortRanges = [ { from = 60000; to = 61000; } ];
    containers.web = { autoStart = true; config = ${guest('one')}; };
    containers.idle.config = ${guest('one')};
    microvm.vms.vm.config = ${guest('one')};
  }`,
  second: `{ pkgs, microvm, ... }: {
    imports = [ microvm.nixosModules.host ];
    users.groups.docker = { };
    users.users.alice = {
      isNormalUser = true;
      extraGroups = [ "wheel" ];
      hashedPassword = "$y$other";
      openssh.authorizedKeys.keys = [ "ssh-ed25519 AAAA alice" "ssh-ed25519 BBBB alice" ];
    };
    users.users.bob = { isSystemUser = true; group = "users"; };
    networking.firewall.allowedTCPPorts = [ 22 443 ];
    networking.firewall.trustedInterfaces = [ "wg0" ];
    boot.kernelPackages = pkgs.linuxPackages_latest;
    system.switch.inhibitors.dbus-implementation = "broker";
    boot.kernelParams = [ "loglevel=7" ];
    boot.initrd.availableKernelModules = [ "nvme" ];
    containers.web = { autoStart = true; config = ${guest('two')}; };
    containers.idle.config = ${guest('two')};
    microvm.vms.vm.config = ${guest('two')};
  }`,
  nftables: `{
    networking.nftables.enable = true;
    networking.firewall.allowedTCPPorts = [ 22 443 ];
    networking.firewall.allowedUDPPortRanges = [ { from = 60000; to = 61000; } ];
    networking.firewall.interfaces.wg0.allowedTCPPorts = [ 9100 ];
    networking.firewall.trustedInterfaces = [ "wg1" ];
  }`,
  open: '{ networking.firewall.enable = false; }',
}

let systems: Record<keyof typeof modules, SystemContents>
const folder = mkdtempSync(join(tmpdir(), 'nixcluster-read-'))

beforeAll(async () => {
  const built = await buildSystems(modules)
  const program = linked('nix')!
  const env = { PATH: `${dirname(program)}:${process.env['PATH']!}`, ...(await nixEnvironment()) }
  const nix = createNix({ nix: program, env, stateDir: folder })
  const contents = await nix.describe(Object.values(built).map(({ system }) => system))
  systems = Object.fromEntries(
    Object.entries(built).map(([name, { system }]) => [name, contents.get(system)!]),
  ) as typeof systems
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('reads users with their groups and keys, and of a password only that it is another', () => {
  expect(systems.first.users['alice']).toMatchObject({
    group: 'users',
    groups: 'docker',
    home: '/home/alice',
    kind: 'normal',
    keys: 'ssh-ed25519 AAAA alice',
  })
  expect(JSON.stringify(systems)).not.toContain('$y$')
  const { users } = diffSystems(systems.first, systems.second)
  expect(users).toEqual([
    { name: 'alice', kind: 'changed', what: ['groups +wheel -docker', 'keys 1 → 2', 'password'] },
    { name: 'bob', kind: 'added', what: [] },
  ])
})

test('reads the ports that either firewall lets in', () => {
  expect(systems.first.ports).toEqual(['22/tcp', '80/tcp', '60000-61000/udp on wg0'])
  expect(systems.nftables.ports).toEqual([
    '22/tcp',
    '443/tcp',
    '9100/tcp on wg0',
    '60000-61000/udp',
    'all on wg1',
  ])
  expect(systems.open.ports).toEqual(['all'])
  expect(diffSystems(systems.first, systems.second).ports).toEqual([
    { port: '80/tcp', kind: 'closes' },
    { port: '60000-61000/udp on wg0', kind: 'closes' },
    { port: '443/tcp', kind: 'opens' },
    { port: 'all on wg0', kind: 'opens' },
  ])
})

test('tells what needs a reboot, and what NixOS refuses to switch for', () => {
  expect(diffSystems(systems.first, systems.second).reboot).toEqual([
    'kernel',
    'kernel-params',
    'initrd',
  ])
  expect(diffSystems(systems.first, systems.second).refusedFor).toEqual([
    'dbus-implementation dbus → broker',
  ])
  expect(systems.first.boot.systemd).toMatch(/^\/nix\/store\//)
})

test('looks into containers and microvms, and says whether the switch restarts them', () => {
  const { virtualHosts, units, files, packages } = diffSystems(systems.first, systems.second)
  const motto = { files: [expect.objectContaining({ path: '/etc/motto' })], packages: [] }
  expect(virtualHosts).toMatchObject([
    { name: 'idle', kind: 'changed', diff: motto },
    { name: 'vm', kind: 'changed', effect: 'restarts', diff: motto },
    { name: 'web', kind: 'changed', effect: 'restarts', diff: motto },
  ])
  // It starts with its new system when somebody starts it.
  expect(virtualHosts[0]).not.toHaveProperty('effect')
  expect(units.map(({ name }) => name)).toEqual(['firewall.service'])
  expect(files.map(({ path }) => path)).toEqual(['/etc/ssh/authorized_keys.d/alice'])
  expect(packages.map(({ name }) => name)).toEqual(['linux'])
})

test('packages of virtual hosts are theirs, and not their machine’s', () => {
  expect(systems.first.packages).not.toHaveProperty('htop')
  expect(systems.first.virtualHosts['web']!.packages).toMatchObject({ htop: ['3.3.0'] })
  expect(systems.first.virtualHosts['web']!.boot.kernel).toBe('')
  expect(systems.first.size).toBeGreaterThan(systems.first.virtualHosts['web']!.size)
})
