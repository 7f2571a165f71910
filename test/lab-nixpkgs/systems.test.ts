import {
  appendFile,
  cp,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { labInputs } from '../../lab/inputs.ts'
import { ensureTools, type Tools } from '../../scripts/setup.ts'

const system = `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux`

let tools: Tools
let folder: string
let inputs: { nixpkgs: string; deployRs: string }

/** Machines by name: modules in Nix. */
const machines: Record<string, string> = {
  web: `{ pkgs, ... }: {
    networking.domain = "example.com";
    networking.hosts."10.0.0.9" = [ "db.example.com" "db" ];
    environment.systemPackages = [ pkgs.hello ];
    boot.kernel.sysctl."net.ipv4.ip_forward" = 1;
    systemd.services.web = {
      description = "Serves";
      wantedBy = [ "multi-user.target" ];
      path = [ pkgs.hello ];
      environment.MODE = "fast lane";
      reloadIfChanged = true;
      serviceConfig = { Restart = "always"; ExecStart = "\${pkgs.hello}/bin/hello"; };
    };
  }`,
  wrong: `{
    users.users.nobody-knows = { };
    assertions = [ { assertion = false; message = "the moon is not made of cheese"; } ];
  }`,
  misspelt: `{ networking.hostNam = "a"; }`,
  text: `{ networking.firewall.allowedTCPPorts = [ "22" ]; }`,
  asked: `{ config, ... }: { warnings = [ "look at \${config.networking.hostName}" ]; }`,
  nested: `{
    containers.inner = { autoStart = true; config = { pkgs, ... }: { environment.systemPackages = [ pkgs.htop ]; }; };
  }`,
}

beforeAll(async () => {
  tools = await ensureTools()
  inputs = await labInputs(tools)
  folder = await mkdtemp(join(tmpdir(), 'systems-'))
  await writeFlake(folder, inputs.nixpkgs)
})

afterAll(() => rm(folder, { recursive: true }))

async function writeFlake(into: string, nixpkgs: string): Promise<void> {
  const list = Object.entries(machines).map(
    ([name, module]) => `${name} = make "${name}" (${module});`,
  )
  const text = `{
    inputs.nixpkgs.url = "${nixpkgs}";
    inputs.deploy-rs = { url = "${inputs.deployRs}"; inputs.nixpkgs.follows = "nixpkgs"; };
    outputs = { self, nixpkgs, deploy-rs }: let
      make = name: module: nixpkgs.lib.nixosSystem {
        modules = [ { nixpkgs.hostPlatform = "${system}"; networking.hostName = name; } module ];
      };
      # As deploy-rs' README advises, for a nixpkgs with or without that package.
      pkgs = import nixpkgs { system = "${system}"; };
      deployPkgs = import nixpkgs {
        system = "${system}";
        overlays = [
          deploy-rs.overlays.default
          (final: previous: {
            deploy-rs = {
              inherit (if pkgs ? deploy-rs then pkgs else previous.deploy-rs) deploy-rs;
              inherit (previous.deploy-rs) lib;
            };
          })
        ];
      };
    in {
      nixosConfigurations = { ${list.join('\n')} };
      toplevel = builtins.mapAttrs (_: c: c.config.system.build.toplevel) self.nixosConfigurations;
      profiles = {
        direct = deploy-rs.lib.${system}.activate.nixos self.nixosConfigurations.web;
        overlay = deployPkgs.deploy-rs.lib.activate.nixos self.nixosConfigurations.web;
        noop = deploy-rs.lib.${system}.activate.noop self.toplevel.web;
      };
    };
  }`
  await writeFile(join(into, 'flake.nix'), text)
}

const nix = (args: string[], cwd = folder) =>
  execa(tools.nix, args, {
    env: { PATH: tools.path, HOME: folder, ...tools.environment },
    cwd,
    reject: false,
  })
const evaluate = async (attribute: string): Promise<unknown> => {
  const { stdout, stderr } = await nix(['eval', '--json', `path:.#${attribute}`])
  expect(stdout, stderr).not.toBe('')
  return JSON.parse(stdout)
}
const build = async (attribute: string, cwd = folder): Promise<string> => {
  const { stdout, stderr } = await nix(
    ['build', '--no-link', '--print-out-paths', `path:.#${attribute}`],
    cwd,
  )
  expect(stdout, stderr).not.toBe('')
  return stdout
}
const problem = async (attribute: string): Promise<string> =>
  (await nix(['eval', `path:.#${attribute}`])).stderr

describe('lib.nixosSystem', () => {
  test('gives config, options, packages and the library', async () => {
    const web = 'nixosConfigurations.web'
    expect(await evaluate(`${web}.config.networking.fqdn`)).toBe('web.example.com')
    expect(
      await evaluate(`${web}.options.networking.firewall.allowedTCPPorts.type.description`),
    ).toBe('list of 16 bit unsigned integer; between 0 and 65535 (both inclusive)')
    expect(await evaluate(`${web}.pkgs.hello.version`)).toBe('2.12.1')
  })

  test('builds a system of the shape of a NixOS one', async () => {
    const web = await build('toplevel.web')
    expect(web).toMatch(/-nixos-system-web-25\.11\.lab$/)
    expect((await readdir(web)).sort()).toEqual(
      `activate activate-at-boot bin etc host-name init initrd kernel kernel-modules kernel-params
       nixos-version sw system systemd users`.split(/\s+/),
    )
    expect((await stat(join(web, 'bin/switch-to-configuration'))).mode & 0o111).toBe(0o111)
    expect(await readFile(join(web, 'etc/hosts'), 'utf8')).toBe(
      '127.0.0.1 localhost\n::1 localhost\n10.0.0.9 db.example.com db\n127.0.0.2 web.example.com web\n',
    )
    expect(await readFile(join(web, 'etc/sysctl.d/60-nixos.conf'), 'utf8')).toBe(
      'net.ipv4.ip_forward=1\n',
    )
    expect((await execa(join(web, 'sw/bin/hello'))).stdout).toBe('Hello, world!')
  })

  test('writes units as NixOS does', async () => {
    const units = join(await build('toplevel.web'), 'etc/systemd/system')
    const unit = await readFile(join(units, 'web.service'), 'utf8')
    expect(unit).toContain('[Unit]\nDescription=Serves\n')
    expect(unit).toMatch(/^Environment="PATH=\/nix\/store\/\S+-hello-2.12.1\/bin:.*"$/m)
    expect(unit).toContain('Environment="MODE=fast lane"\n')
    expect(unit).toContain('Restart=always\nX-ReloadIfChanged=true\n')
    expect(await readlink(join(units, 'multi-user.target.wants/web.service'))).toBe(
      '../web.service',
    )
  })

  test('depends on what it is made of, not on where its source lies', async () => {
    const copy = await mkdtemp(join(tmpdir(), 'systems-copy-'))
    try {
      const nixpkgs = join(copy, 'nixpkgs')
      await cp(join(import.meta.dirname, '../../lab/nixpkgs'), nixpkgs, { recursive: true })
      await appendFile(join(nixpkgs, 'README.md'), 'Another word.\n')
      await cp(join(folder, 'flake.nix'), join(copy, 'flake.nix'))
      await writeFlake(copy, `path:${nixpkgs}`)
      expect(await build('toplevel.web', copy)).toBe(await build('toplevel.web'))
    } finally {
      await rm(copy, { recursive: true })
    }
  })

  test('holds the system of a container in that of its machine', async () => {
    const nested = await build('toplevel.nested')
    const text = await readFile(join(nested, 'etc/nixos-containers/inner.conf'), 'utf8')
    const inner = /SYSTEM_PATH=(\S+)/.exec(text)![1]!
    expect(inner).toContain('nixos-system-inner')
    expect(await readdir(join(inner, 'sw/bin'))).toEqual(['htop'])
  })

  test('says in NixOS words what is wrong', async () => {
    expect(await problem('toplevel.wrong')).toContain('Failed assertions:\n')
    expect(await problem('toplevel.wrong')).toContain('- the moon is not made of cheese')
    expect(await problem('toplevel.wrong')).toContain('users.users.nobody-knows.group is unset')
    expect(await problem('toplevel.misspelt')).toMatch(
      /The option `networking\.hostNam' does not exist\. Definition values:\s+- In `<unknown-file>': "a"\s+Did you mean `networking\.hostName'/,
    )
    expect(await problem('toplevel.text.drvPath')).toContain(
      'A definition for option `networking.firewall.allowedTCPPorts."[definition 1-entry 1]"\' is not of type `16 bit unsigned integer',
    )
    expect(await problem('toplevel.asked')).toContain('evaluation warning: look at asked')
  })
})

describe("deploy-rs' library", () => {
  test('wraps a system into a profile that activate-rs can run', async () => {
    const profile = await build('profiles.direct')
    expect(profile).toMatch(/-activatable-nixos-system-web-/)
    expect(await readFile(join(profile, 'deploy-rs-activate'), 'utf8')).toContain(
      '$PROFILE/bin/switch-to-configuration switch',
    )
    expect((await execa(join(profile, 'activate-rs'), ['--help'])).stdout).toContain(
      'Revoke profile activation',
    )
    expect(await readlink(join(profile, 'bin/switch-to-configuration'))).toBe(
      `${await build('toplevel.web')}/bin/switch-to-configuration`,
    )
  })

  test.each([
    ['DRY_ACTIVATE', 'dry-activate'],
    ['BOOT', 'boot'],
    ['NEITHER', 'switch'],
  ])('asks for what %s=1 means: %s', async (variable, action) => {
    const activate = join(await build('profiles.direct'), 'deploy-rs-activate')
    const fake = await mkdtemp(join(tmpdir(), 'profile-'))
    await cp('/bin/echo', join(fake, 'bin/switch-to-configuration'), { recursive: true })
    const { stdout } = await execa(activate, { env: { PROFILE: fake, [variable]: '1' } })
    expect(stdout).toBe(action)
    await rm(fake, { recursive: true })
  })

  test('gives the same profile through the overlay that its README advises', async () => {
    expect(await build('profiles.overlay')).toBe(await build('profiles.direct'))
  })
})
