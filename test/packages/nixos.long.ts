import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest'
import { bundleTools } from '../../lab/bundle.ts'
import { labInputs } from '../../lab/inputs.ts'
import { startLab, type Lab, type LabMachine } from '../../lab/machines.ts'
import { which } from '../../scripts/cache.ts'
import { ensureTools, type Tools } from '../../scripts/setup.ts'
import { eventually } from '../e2e/site.ts'
import { documented } from './documented.ts'
import { scope } from './nixos-expression.ts'

// The flake of docs/install.md, built and switched to on a machine of the lab: from there the controller
// does its main job for two others. The machine's own kernel, systemd (252), ssh and git hooks are Debian's.

const blocks = documented('NixOS')
let tools: Tools
let lab: Lab
let control: LabMachine
let folder: string
let system: string

const nix = (...words: string[]) =>
  execa('nix', words, { env: { PATH: tools.path, ...tools.environment }, stdin: 'ignore' })
const addPath = async (name: string, path: string): Promise<string> =>
  (await nix('store', 'add-path', '--name', name, path)).stdout

/** Runs a script as root on a machine, with what its system has in PATH. */
async function on(machine: LabMachine, script: string): Promise<string> {
  const path = 'export PATH=/run/current-system/sw/bin:$PATH HOME=/root LANG=C.UTF-8\n'
  const { stdout, stderr, exitCode } = await machine.run(`${path}set -e\n${script}`)
  if (exitCode !== 0) throw new Error(`${script}\n${stdout}\n${stderr}`)
  return `${stdout}\n${stderr}`.trim()
}
const here = (script: string): Promise<string> => on(control, script)
const fleet = (script: string): Promise<string> => here(`cd /root/fleet\n${script}`)
const tell = (words: string): Promise<string> =>
  here(`nixcluster ${words} --repository fleet --secret-file /etc/nixcluster/fleet.secret 2>&1`)
const generation = async (name: string): Promise<number> =>
  Number(
    await on(
      lab.machines[name]!,
      "readlink /nix/var/nix/profiles/system | sed 's/system-\\(.*\\)-link/\\1/'",
    ),
  )
const restart = async (): Promise<void> => {
  await here('systemctl restart nixcluster')
  const ask = `fetch('http://127.0.0.1:8080/readyz').then((it) => console.log(it.status), () => 0)`
  await eventually(
    () => here(`node -e "${ask}"`),
    (status) => status === '200',
  )
}

beforeAll(async () => {
  tools = await ensureTools()
  folder = await mkdtemp(join(tmpdir(), 'nixos-'))
  const bundle = join(folder, 'tools')
  await bundleTools(bundle, {
    ...{ git: which('git')!, npm: which('npm')!, node: process.execPath },
    ...{ nix: tools.nix, redisServer: tools.redisServer, deploy: tools.deploy },
  })
  const programs = await addPath('tools', bundle)
  const names = 'deploy-rs git gitMinimal nix nodejs_24 openssh redis'.split(' ')
  await writeFile(join(folder, 'flake.nix'), blocks[0]!.text)
  await writeFile(
    join(folder, 'configuration.nix'),
    `{ config, pkgs, ... }: {
      nixpkgs.hostPlatform = "x86_64-linux";
      networking.hostName = "control";
      nixpkgs.overlays = [ (_: _: { ${names.map((name) => `${name} = builtins.storePath ${programs};`).join(' ')} }) ];
      environment.systemPackages = [ config.nix.package ];
      # Which every NixOS has. The loader of these programs cannot start Nix again for remote builds.
      systemd.services.nix-daemon = {
        wantedBy = [ "multi-user.target" ];
        environment.NIX_CONFIG = "build-hook =";
        serviceConfig.ExecStart = "\${config.nix.package}/bin/nix-daemon";
      };
    }`,
  )
  const configuration = `(flake ${folder}/flake.nix { inherit nixpkgs nixcluster; }).nixosConfigurations.controller.config`
  system = (
    await nix(
      ...['build', '--impure', '--print-out-paths', '--out-link', join(folder, 'system')],
      ...['--expr', `${scope} ${configuration}.system.build.toplevel`],
    )
  ).stdout
  lab = await startLab({ machines: ['control', 'web1', 'web2'] })
  control = lab.machines['control']!
})
afterAll(async () => {
  await lab?.stop()
  await rm(folder, { recursive: true, force: true })
})

test('the documented flake and commands bring up the controller', async () => {
  const inputs = await labInputs(tools)
  const paths = await Promise.all(
    Object.entries(inputs).map(([name, url]) => addPath(name, url.replace('path:', ''))),
  )
  const ssh = ['-F', 'none', '-i', lab.identityFile, '-o', 'StrictHostKeyChecking=no']
  await execa(
    'nix',
    ['copy', '--no-check-sigs', '--to', `ssh://root@${control.address}`, system, ...paths],
    {
      env: {
        ...{ PATH: tools.path, ...tools.environment },
        NIX_SSHOPTS: [...ssh, '-o', 'UserKnownHostsFile=/dev/null'].join(' '),
      },
    },
  )
  const [secrets, , repository] = blocks.filter(({ language }) => language === 'sh')
  await here(secrets!.text)
  await here(`
    nix-env -p /nix/var/nix/profiles/system --set ${system}
    ${system}/bin/switch-to-configuration switch`)
  await here(repository!.text)
  await restart()
  const key = await here('cat /etc/nixcluster/id_ed25519.pub')
  for (const name of ['web1', 'web2'])
    await on(lab.machines[name]!, `echo '${key}' >> /root/.ssh/authorized_keys`)

  const machine = (name: string): string => `
      ${name}:
        interfaces: { eth0: { addresses: [${lab.machines[name]!.address}/24], gateway: ${lab.gateway} } }
        deployment: { hostKey: ${lab.machines[name]!.hostKey} }
        config: { environment.etc.issue.text: "Welcome to ${name}" }`
  await here(`
    git init --quiet --initial-branch=main /root/fleet
    cd /root/fleet
    git config user.name Ada; git config user.email ada@example.com
    git remote add origin /srv/git/fleet.git
    mkdir clusters
    cat > nixcluster.yaml <<'END'
apiVersion: nixcluster/v1
kind: Project
inputs:
  nixpkgs: { url: "path:${paths[0]}" }
  deploy-rs: { url: "path:${paths[1]}" }
END
    cat > clusters/demo.yaml <<'END'
apiVersion: nixcluster/v1
kind: Domain
suffix: lab
clusters:
  demo:
    system: x86_64-linux
    stateVersion: "25.11"
    deployment: { confirmTimeout: 10 }
    machines:${machine('web1')}${machine('web2')}
END
    nixcluster update 2>&1
    git add --all
    git commit --quiet -m 'A fleet of two'`)
  console.log(await fleet('git push --quiet origin main'))
  expect(await tell('deploy')).toMatch(/Deployed \w{7} to 2 machines/)
  expect([await generation('web1'), await generation('web2')]).toEqual([1, 1])
})
