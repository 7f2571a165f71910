import { expect, test } from 'vitest'
import { flakeTarget, tinyFlake } from '../../src/deploy-rs/tiny-flake.ts'

const target = {
  name: 'web.example.com',
  targetHost: '192.0.2.7',
  port: 22,
  sshUser: 'root',
  user: 'root',
  buildOn: 'controller' as const,
  sshOptions: {},
  fastConnection: true,
  magicRollback: true,
  autoRollback: true,
  confirmTimeout: 30,
  activationTimeout: 240,
}
const path = '/nix/store/0c0zr0m2vvnnxlhhqi0l7dplfdcvgmcb-activatable-nixos-system-web'
const sshConfig = '/state/ssh/web.example.com.ssh_config'

test('one machine of literal values, with the gate as its sudo', () => {
  expect(tinyFlake({ target, run: 'r1', path, sshConfig })).toBe(`{
  outputs = _: {
    deploy.nodes."web.example.com" = {
      hostname = "web.example.com";
      profiles.system = {
        path = "${path}";
        profilePath = "/nix/var/nix/profiles/system";
        sshUser = "root";
        user = "nixcluster";
        sudo = "/nix/var/nixcluster/gate r1";
        sshOpts = [ "-F" "/state/ssh/web.example.com.ssh_config" ];
        tempPath = "/run/nixcluster/r1";
        magicRollback = true;
        autoRollback = true;
        confirmTimeout = 30;
        activationTimeout = 240;
        fastConnection = true;
      };
    };
  };
}
`)
})

test('a user of ssh who is not root reaches the gate through sudo', () => {
  const flake = tinyFlake({ target: { ...target, sshUser: 'deploy' }, run: 'r1', path, sshConfig })
  expect(flake).toContain('sudo = "sudo -n /nix/var/nixcluster/gate r1";')
  expect(flake).toContain('user = "root";')
})

test('through what the machine has instead of sudo, if it says so', () => {
  const flake = tinyFlake({
    target: { ...target, sshUser: 'deploy', sudo: 'doas -u' },
    run: 'r1',
    path,
    sshConfig,
  })
  expect(flake).toContain('sudo = "doas -u root /nix/var/nixcluster/gate r1";')
})

test('nothing in a value is read as Nix', () => {
  const flake = tinyFlake({ target, run: '"${x}\\', path, sshConfig })
  expect(flake).toContain(String.raw`tempPath = "/run/nixcluster/\"\${x}\\";`)
})

test('a name with dots is quoted for deploy-rs', () => {
  expect(flakeTarget('/runs/1/flake', target.name)).toBe(
    'path:/runs/1/flake#"web.example.com".system',
  )
})
