import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readAddress, readFolder } from '../../src/server/place.ts'
import { addressFinding, folderFinding } from '../../src/report/findings/place.ts'

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nixcluster-place-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Somebody who answers everything with a text; gives the port. */
async function answering(text: string): Promise<number> {
  const server = createServer((_, response) => void response.end(text)).listen(0, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

const find = async (port: number, host = '127.0.0.1') =>
  addressFinding({ host, port }, await readAddress({ host, port }, AbortSignal.timeout(5000)))

test('an address that is free, a controller’s, or somebody else’s', async () => {
  expect(await find(0)).toMatchObject({ state: 'fine' })
  const metrics = 'nixcluster_queue_jobs{kind="look"} 0\n'
  expect((await find(await answering(metrics))).found).toMatch('a controller answers there')
  expect((await find(await answering(metrics), '0.0.0.0')).found).toMatch('a controller answers')
  expect(await find(await answering('hello'))).toMatchObject({
    state: 'wrong',
    advice: 'end it, or choose another listen.port',
  })
})

test('an address that this machine does not have', async () => {
  expect(await find(8080, '192.0.2.7')).toMatchObject({
    state: 'wrong',
    found: '192.0.2.7, port 8080: this machine has no such address',
  })
})

test('a state folder that is there, and one that would be made', async () => {
  const folder = createFolder()
  expect(folderFinding(await readFolder(folder))).toMatchObject({ name: 'state folder' })
  expect(await readFolder(folder)).toMatchObject({ folder, isThere: true })
  const inside = join(folder, 'var/lib/state')
  const facts = await readFolder(inside)
  expect(facts).toMatchObject({ folder: inside, isThere: false })
  expect(facts.freeBytes).toBeGreaterThan(0)
  expect(facts).not.toHaveProperty('refusal')
})

test('a file where the folder should be', async () => {
  const folder = createFolder()
  writeFileSync(join(folder, 'state'), '')
  mkdirSync(join(folder, 'other'))
  expect(folderFinding(await readFolder(join(folder, 'state')))).toMatchObject({
    state: 'wrong',
    found: expect.stringContaining('ENOTDIR'),
  })
})
