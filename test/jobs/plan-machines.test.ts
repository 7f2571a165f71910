import { mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { linked } from '../../scripts/cache.ts'
import { nixEnvironment } from '../../scripts/nix.ts'
import { planMachines } from '../../src/jobs/plan-machines.ts'
import type { Ledger } from '../../src/model/ledger.ts'
import { createNix } from '../../src/nix/nix.ts'
import type { ControllerNix } from '../../src/nix/nix.ts'
import { emptyLedger } from '../../src/rollout/ledger-files.ts'
import { buildSystems, type TestSystem } from '../fakes/systems.ts'

let systems: Record<'old' | 'now', TestSystem>
let nix: ControllerNix
const folder = mkdtempSync(join(tmpdir(), 'nixcluster-plan-'))

beforeAll(async () => {
  systems = await buildSystems({
    old: '{ environment.etc.motto.text = "first"; }',
    now: '{ pkgs, ... }: { environment.etc.motto.text = "second"; environment.systemPackages = [ pkgs.htop ]; }',
  })
  const program = linked('nix')!
  const env = { PATH: `${dirname(program)}:${process.env['PATH']!}`, ...(await nixEnvironment()) }
  nix = createNix({ nix: program, env, stateDir: folder })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const nowhere = (path: string): string => path.replace(/^.{43}/, `/nix/store/${'0'.repeat(32)}`)

const vm0 = (given: TestSystem | undefined): Ledger => ({
  ...emptyLedger('1'),
  machines: {
    vm0: {
      name: 'vm0',
      cluster: 'c',
      attempt: 1,
      held: {},
      ...(given === undefined ? {} : { given: { ...given, seq: 1, at: '2026-01-01T00:00:00Z' } }),
      history: given === undefined ? [] : [{ ...given, fingerprint: 'f', source: 's' }],
    },
  },
})

const planned = async (given: TestSystem | undefined, isBuilt: boolean) => {
  const system = { ...systems.now, fingerprint: 'g' }
  const [machine] = await planMachines(nix, vm0(given), [{ name: 'vm0', system, isBuilt }])
  return machine!.diff!
}

test('two systems that are built are compared by what is in them', async () => {
  const diff = await planned(systems.old, true)
  expect(diff).toMatchObject({ compared: 'closures', before: systems.old.system })
  expect(diff.files.map(({ path }) => path)).toEqual(['/etc/motto'])
  expect(diff.packages).toEqual([{ name: 'htop', before: [], after: ['3.3.0'] }])
})

test('where the time for building was over, packages are compared by the derivations', async () => {
  const diff = await planned(systems.old, false)
  expect(diff).toMatchObject({ compared: 'derivations', before: systems.old.system, files: [] })
  expect(diff.packages).toEqual([{ name: 'htop', before: [], after: ['3.3.0'] }])
})

test('so they are where what the machine runs is no longer in the store, but its derivation is', async () => {
  const diff = await planned({ ...systems.old, system: nowhere(systems.old.system) }, true)
  expect(diff).toMatchObject({ compared: 'derivations', after: systems.now.system })
})

test('where neither is there, only that they differ is known', async () => {
  const { path, drv, system } = systems.old
  const gone = { path: nowhere(path), drv: nowhere(drv), system: nowhere(system) }
  expect(await planned(gone, true)).toMatchObject({
    compared: 'nothing',
    before: gone.system,
    packages: [],
  })
})

test('for a machine that was given nothing all is new', async () => {
  const diff = await planned(undefined, true)
  expect(diff).toMatchObject({ compared: 'closures' })
  expect(diff.packages.map(({ name }) => name)).toContain('htop')
  expect(await planned(undefined, false)).toMatchObject({ compared: 'nothing', packages: [] })
})
