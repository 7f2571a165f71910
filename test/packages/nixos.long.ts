import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, beforeEach, expect, onTestFailed, test } from 'vitest'
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
/** The flake's system, and the same with the roles apart. */
let systems: readonly string[]

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
const isReady = async (): Promise<void> => {
  const ask = `fetch('http://127.0.0.1:8080/readyz').then((it) => console.log(it.status), () => 0)`
  await eventually(
    () => here(`node -e "${ask}"`),
    (status) => status === '200',
  )
}
const switchTo = (system: string): Promise<string> =>
  here(`
    nix-env -p /nix/var/nix/profiles/system --set ${system}
    ${system}/bin/switch-to-configuration switch 2>&1`)
/** The exposure that systemd sees in a unit, of 10. */
const exposureOf = async (unit: string): Promise<number> => {
  const report = await here(`systemd-analyze security --no-pager ${unit}.service`)
  return Number(/exposure level for \S+: ([\d.]+)/.exec(report)?.[1])
}
/** What a user gets to read where a unit runs. */
const read = (unit: string, user: string, file: string): Promise<string> =>
  here(`nsenter --target $(systemctl show -P MainPID ${unit}) --mount \\
    setpriv --reuid ${user} --regid $(id -g ${user}) --init-groups cat ${file} 2>&1 || true`)

async function build(name: string, configuration: string): Promise<string> {
  const built = ['build', '--impure', '--print-out-paths', '--out-link', join(folder, name)]
  const expression = `${scope} ${configuration}.config.system.build.toplevel`
  return (await nix(...built, '--expr', expression)).stdout
}

beforeEach(() =>
  onTestFailed(async () => {
    const story =
      'systemctl status --no-pager -n 0 "nixcluster*" || true; journalctl --no-pager -n 60 || true'
    console.error(await here(story))
  }),
)

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
  const configuration = `(flake ${folder}/flake.nix { inherit nixpkgs nixcluster; }).nixosConfigurations.controller`
  const apart = `${configuration}.extendModules { modules = [ {
    services.nixcluster.roles.apart = true;
    # The machine has no locales for these programs' libc.
    systemd.services.redis-nixcluster.environment.LC_ALL = "C";
  } ]; }`
  systems = [await build('alone', configuration), await build('apart', `(${apart})`)]
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
    ['copy', '--no-check-sigs', '--to', `ssh://root@${control.address}`, ...systems, ...paths],
    {
      env: {
        ...{ PATH: tools.path, ...tools.environment },
        NIX_SSHOPTS: [...ssh, '-o', 'UserKnownHostsFile=/dev/null'].join(' '),
      },
    },
  )
  const [secrets, , repository] = blocks.filter(({ language }) => language === 'sh')
  await here(secrets!.text)
  await switchTo(systems[0]!)
  await here(repository!.text)
  await isReady()
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
  expect(await fleet('git push --quiet origin main')).toContain('nixcluster deploy')
  expect(await tell('deploy')).toMatch(/Deployed \w{7} to 2 machines/)
  expect([await generation('web1'), await generation('web2')]).toEqual([1, 1])
})

const issue = (name: string): Promise<string> => on(lab.machines[name]!, 'cat /etc/issue')

test('a pushed branch is answered with its plan, its merge deploys, its revert brings back', async () => {
  const plan = await fleet(`
    git switch --quiet --create greeting
    sed -i 's/Welcome to web1/Hello from web1/' clusters/demo.yaml
    git commit --quiet --all -m 'Greet from web1'
    git push --quiet origin greeting`)
  expect(plan).toContain('1 of 2 machines changes')
  expect(plan).toMatch(/web1 +~ \/etc\/issue/)
  expect(await issue('web1')).toBe('Welcome to web1')

  const merge = await fleet(`
    git switch --quiet main
    git merge --quiet --no-ff -m 'Merge greeting' greeting
    git push --quiet origin main`)
  expect(merge).toMatch(/✓.*web1|web1.*✓/)
  expect(await issue('web1')).toBe('Hello from web1')
  expect([await generation('web1'), await generation('web2')]).toEqual([2, 1])

  await fleet('git revert --no-edit -m 1 HEAD && git push --quiet origin main')
  expect(await issue('web1')).toBe('Welcome to web1')
  expect(await generation('web2')).toBe(1)
  expect(await tell('status')).toMatch(/web1 .*current/)
})

test('the documented doctor finds nothing wrong', async () => {
  const doctor = blocks.find(({ text }) => text.includes('nixcluster doctor'))!
  const said = await here(`${doctor.text.trim()} 2>&1 || true`)
  expect(said).toContain('✓ deploy-rs')
  expect(said).not.toContain('✗')
})

test('its exposure is below 2, and it runs under a user of its own', async () => {
  const exposure = await exposureOf('nixcluster')
  console.log(`exposure ${exposure}`)
  expect(exposure).toBeLessThan(2)
  expect(await here('ps -o user= -p $(systemctl show -P MainPID nixcluster)')).toMatch(/^nixclus/)
})

test('of the secrets its user reads the credentials alone, and nobody else reads those', async () => {
  const secret = (await here('cat /etc/nixcluster/fleet.secret')).trim()
  const credentials = '/run/credentials/nixcluster.service'
  expect(await read('nixcluster', 'nixcluster', `${credentials}/fleet-secret`)).toBe(secret)
  expect(await read('nixcluster', 'nixcluster', `${credentials}/machines-key`)).toContain(
    'PRIVATE KEY',
  )
  expect(await read('nixcluster', 'nixcluster', '/etc/nixcluster/fleet.secret')).toContain(
    'Permission denied',
  )
  expect(await read('nixcluster', 'nixcluster', '/etc/nixcluster/id_ed25519')).toContain(
    'Permission denied',
  )
  expect(await read('nixcluster', 'nobody', `${credentials}/fleet-secret`)).toContain(
    'Permission denied',
  )
  expect(await read('nixcluster', 'nobody', '/var/lib/nixcluster/redis/redis.sock')).toContain(
    'Permission denied',
  )
  const written = await here(`
    tr '\\0' '\\n' < /proc/$(systemctl show -P MainPID nixcluster)/environ
    tr '\\0' '\\n' < /proc/$(systemctl show -P MainPID nixcluster)/cmdline
    systemctl cat nixcluster; cat $(systemctl show -P ExecStart nixcluster | grep -o '/nix/store/[^ ]*.yaml')
    journalctl --no-pager -u nixcluster || true`)
  expect(written).toContain(`${credentials}/fleet-secret`)
  expect(written).not.toContain(secret)
})

test('systemctl stop in mid-activation waits for its end', async () => {
  await fleet(`
    sed -i 's|issue.text: "Welcome to web2"|issue.text: "Slowly", systemd.services.slow: { wantedBy: [multi-user.target], serviceConfig: { Type: oneshot, RemainAfterExit: true, ExecStart: /bin/sleep 8 } }|' clusters/demo.yaml
    git commit --quiet --all -m 'Take your time'
    nohup git push --quiet origin main > /dev/null 2>&1 &`)
  const web2 = lab.machines['web2']!
  await eventually(
    () => on(web2, 'systemctl is-active slow.service || true'),
    (state) => state === 'activating',
  )
  await here('systemctl stop nixcluster')
  expect(await on(web2, 'systemctl is-active slow.service')).toBe('active')
  expect(await here('systemctl show -P Result nixcluster')).toBe('success')
  expect(await generation('web2')).toBe(2)
  await here('systemctl start nixcluster')
  await isReady()
  expect(
    await eventually(
      () => tell('status'),
      (seen) => /web2 .*current/.test(seen),
    ),
  ).toMatch(/web2 .*current/)
  expect(await generation('web2')).toBe(2)
})

test('the roles apart do the same, each with the secrets that are its own', async () => {
  expect(await switchTo(systems[1]!)).toContain('nixcluster.service')
  await isReady()
  const units = ['nixcluster-webhook', 'nixcluster-plan', 'nixcluster-deploy']
  const exposures = await Promise.all(units.map(exposureOf))
  console.log(`exposures ${exposures.join(', ')}`)
  for (const exposure of exposures) expect(exposure).toBeLessThan(2)
  const secrets = units.map((unit) =>
    here(`cd /run/credentials/${unit}.service 2> /dev/null && ls || true`),
  )
  expect(await Promise.all(secrets)).toEqual(['fleet-secret', '', 'fleet-secret\nmachines-key'])
  for (const unit of units.slice(0, 2)) {
    const key = await read(unit, unit, '/run/credentials/nixcluster-deploy.service/machines-key')
    expect(key).toMatch(/Permission denied|No such file/)
  }

  const plan = await fleet(`
    git switch --quiet --create apart
    sed -i 's/Welcome to web1/Hello from three/' clusters/demo.yaml
    git commit --quiet --all -m 'Greet from three'
    git push --quiet origin apart`)
  expect(plan).toMatch(/web1 +~ \/etc\/issue/)
  await fleet(
    'git switch --quiet main && git merge --quiet --no-ff -m Merge apart && git push --quiet origin main',
  )
  expect(await issue('web1')).toBe('Hello from three')
  expect(await generation('web2')).toBe(2)
})
