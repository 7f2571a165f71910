import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createGit } from '../../src/git/git.ts'
import { createLedgerStore } from '../../src/git/ledger-store.ts'
import type { Ledger, MachineRecord } from '../../src/model/ledger.ts'

/** Two controllers, each with a mirror of its own. */
function controllers() {
  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-ledger-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const url = join(folder, 'remote')
  execFileSync('git', ['init', '-q', '--bare', url])
  return ['a', 'b'].map((name) => {
    const git = createGit({ url, mirror: join(folder, name), env: { PATH: process.env['PATH']! } })
    return { git, store: createLedgerStore({ git, id: name }) }
  })
}

const record = (name: string, attempt = 0): MachineRecord => ({
  name,
  cluster: 'example.com',
  attempt,
  held: {},
  history: [],
})

const withMachines = (ledger: Ledger, ...records: MachineRecord[]): Ledger => ({
  ...ledger,
  machines: { ...ledger.machines, ...Object.fromEntries(records.map((each) => [each.name, each])) },
})

test('a branch that does not exist is a fresh ledger; what is written is read by the other', async () => {
  const [a, b] = controllers()
  const fresh = await a!.store.read()
  expect(fresh).toEqual({ ledger: { id: 'a', machines: {}, rollouts: [] }, commit: undefined })
  const ledger = withMachines(fresh.ledger, record('vm0.example.com'))
  expect(await a!.store.write(ledger, fresh.commit, 'begin')).toBe('pushed')
  const read = await b!.store.read()
  expect(read.ledger).toEqual(ledger)
  expect(await a!.store.read()).toEqual(read)
})

test('R1: of two that write on what they read, the second is told to read again', async () => {
  const [a, b] = controllers()
  await a!.store.write(withMachines((await a!.store.read()).ledger), undefined, 'begin')
  const [first, second] = [await a!.store.read(), await b!.store.read()]
  const mine = withMachines(first.ledger, record('vm0.example.com', 1))
  expect(await a!.store.write(mine, first.commit, 'vm0 is to get 1')).toBe('pushed')
  const late = withMachines(second.ledger, record('vm1.example.com', 1))
  expect(await b!.store.write(late, second.commit, 'vm1 is to get 1')).toBe('stale')
  expect((await b!.store.read()).ledger).toEqual(mine)
})

test('two that both begin the branch: one is stale', async () => {
  const [a, b] = controllers()
  expect(await a!.store.write((await a!.store.read()).ledger, undefined, 'begin')).toBe('pushed')
  expect(await b!.store.write({ id: 'b', machines: {}, rollouts: [] }, undefined, 'begin')).toBe(
    'stale',
  )
  expect((await b!.store.read()).ledger.id).toBe('a')
})

test('a commit of somebody else on the branch stops everything and says whose it is', async () => {
  const [a, b] = controllers()
  await a!.store.write((await a!.store.read()).ledger, undefined, 'begin')
  const tip = await a!.git.remoteTip('nixcluster/state')
  const foreign = createLedgerStore({
    git: b!.git,
    id: 'b',
    author: { name: 'dev', email: 'dev@localhost' },
  })
  await expect(foreign.read()).rejects.toThrow(
    `nixcluster/state is at ${tip!.slice(0, 7)} of nixcluster <nixcluster@localhost>, not of dev`,
  )
})

test('a ledger that cannot be read is an error that names the file', async () => {
  const [a] = controllers()
  const files = new Map([['ledger.json', '{ "id": ']])
  const commit = await a!.git.writeCommit({ parents: [], kept: [], files, message: 'broken' })
  await a!.git.push('nixcluster/state', commit, undefined)
  await expect(a!.store.read()).rejects.toThrow(/reading the ledger at .*ledger\.json/)
})

test('a ledger that was set back to an older one of ours is refused until it is put back', async () => {
  const [a, b] = controllers()
  const empty = (await a!.store.read()).ledger
  await a!.store.write(withMachines(empty, record('vm0')), undefined, 'one')
  const { ledger, commit } = await a!.store.read()
  await a!.store.write(withMachines(ledger, record('vm0', 1)), commit, 'two')
  const newest = await a!.git.remoteTip('nixcluster/state')
  await b!.git.fetch()
  await b!.git.push('nixcluster/state', commit!, newest)
  await expect(a!.store.read()).rejects.toThrow(
    `nixcluster/state was set from ${newest!.slice(0, 7)} to ${commit!.slice(0, 7)}`,
  )
  await b!.git.push('nixcluster/state', newest!, commit)
  expect((await a!.store.read()).commit).toBe(newest)
})
