import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { locked } from '../scripts/cache.ts'
import { removeNetwork, type Network } from './network.ts'
import { killWorkingIn, removeGroup } from './processes.ts'

/** Below /run: what is written here is gone with the machine, as are the labs. */
const registry = '/run/nixcluster-lab'

/** What must be known of a lab to remove it, whoever made it. */
export interface LabRecord {
  readonly number: number
  readonly owner: string
  readonly folder: string
  readonly network: Network
}

/** Takes the first free number for a new lab, after removing labs whose process has ended. */
export async function registerLab(
  create: (number: number) => Pick<LabRecord, 'folder' | 'network'>,
): Promise<LabRecord> {
  await mkdir(registry, { recursive: true })
  return locked(join(registry, 'lock'), async () => {
    await removeOrphans()
    const taken = new Set((await readLabs()).map((lab) => lab.number))
    const number = Array.from({ length: 254 }, (_, index) => index + 1).find((n) => !taken.has(n))
    if (number === undefined)
      throw new Error('254 labs are running: no network is left for another')
    const record = { number, owner: await identityOf(process.pid), ...create(number) }
    await writeFile(recordOf(number), JSON.stringify(record))
    return record
  })
}

/** Ends and removes all that belongs to a lab, and lets its number go. */
export async function removeLab({ number, folder, network }: LabRecord): Promise<void> {
  await Promise.all(Object.values(network.ports).map((port) => removeGroup(port.namespace)))
  await removeNetwork(network)
  await killWorkingIn(folder)
  await rm(folder, { recursive: true, force: true })
  await rm(recordOf(number), { force: true })
}

/** Removes the labs of processes that have ended; with `all`, those of living ones, too. */
export async function cleanLabs(all: boolean): Promise<void> {
  await mkdir(registry, { recursive: true })
  await locked(join(registry, 'lock'), () => removeOrphans(all))
}

async function removeOrphans(all = false): Promise<void> {
  for (const lab of await readLabs())
    if (all || (await identityOf(Number.parseInt(lab.owner, 10))) !== lab.owner)
      await removeLab(lab)
}

async function readLabs(): Promise<LabRecord[]> {
  const files = (await readdir(registry)).filter((name) => name.endsWith('.json'))
  const records = files.map(async (name) =>
    JSON.parse(await readFile(join(registry, name), 'utf8')),
  )
  return Promise.all(records)
}

/** A process id with its time of start: ids are used again. */
async function identityOf(id: number): Promise<string> {
  const stat = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => '')
  const [state, startTime] = [0, 19].map((n) => stat.slice(stat.lastIndexOf(')') + 2).split(' ')[n])
  return state === undefined || state === '' || state === 'Z' ? 'ended' : `${id} ${startTime}`
}

const recordOf = (number: number): string => join(registry, `${number}.json`)
