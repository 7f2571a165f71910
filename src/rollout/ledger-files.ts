import { Ajv2020 } from 'ajv/dist/2020.js'
import schema from '../../schemas/ledger.schema.json' with { type: 'json' }
import type { Ledger, MachineRecord, Rollout, WantedSystem } from '../model/ledger.ts'

/** A newer controller writes a higher number where an older one would misread its files. */
const format = 1
/** Older ones are in git's history. */
const rolloutsKept = 20

type Wanted = NonNullable<Ledger['wanted']>
type LedgerFile = Omit<Ledger, 'machines' | 'rollouts' | 'wanted'> & {
  readonly wanted?: Omit<Wanted, 'systems'>
}
type RolloutFile = Rollout & { readonly systems?: Readonly<Record<string, WantedSystem>> }

/** A ledger of a repository that has none yet. */
export function emptyLedger(id: string): Ledger {
  return { id, machines: {}, rollouts: [] }
}

/** The ledger as files of its branch: path -> text, the same bytes for the same ledger. */
export function toFiles(ledger: Ledger): ReadonlyMap<string, string> {
  const { machines, rollouts, wanted, ...rest } = ledger
  const { systems, ...wantedCommit } = wanted ?? {}
  const files = new Map<string, string>()
  files.set('ledger.json', text({ format, ...rest, ...(wanted ? { wanted: wantedCommit } : {}) }))
  for (const record of Object.values(machines)) files.set(machinePath(record), text(record))
  for (const rollout of rollouts.slice(-rolloutsKept)) {
    const isWanted = systems !== undefined && rollout.seq === wanted?.seq
    files.set(rolloutPath(rollout), text(isWanted ? { ...rollout, systems } : rollout))
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Reads the files of the ledger's branch; undefined without `ledger.json`. Throws LedgerError naming the file. */
export function fromFiles(files: ReadonlyMap<string, string>): Ledger | undefined {
  const head = files.get('ledger.json')
  if (head === undefined) return undefined
  const { wanted, ...rest } = parse<LedgerFile>('ledger', 'ledger.json', head)
  const machines: Record<string, MachineRecord> = {}
  const rollouts: Rollout[] = []
  let systems: RolloutFile['systems']
  for (const [path, file] of files) {
    if (path.startsWith('machines/')) {
      const record = parse<MachineRecord>('machine', path, file)
      if (machinePath(record) !== path) throw new LedgerError(`${path} is about ${record.name}`)
      machines[record.name] = record
    }
    if (path.startsWith('rollouts/')) {
      const { systems: own, ...rollout } = parse<RolloutFile>('rollout', path, file)
      if (rolloutPath(rollout) !== path) throw new LedgerError(`${path} is about ${rollout.seq}`)
      rollouts.push(rollout)
      if (rollout.seq === wanted?.seq) systems = own
    }
  }
  return {
    ...rest,
    ...(wanted ? { wanted: { ...wanted, ...(systems ? { systems } : {}) } } : {}),
    machines,
    rollouts: rollouts.sort((a, b) => a.seq - b.seq),
  }
}

/** A file of the ledger's branch cannot be read; the message names it. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError'
}

const machinePath = ({ cluster, name }: MachineRecord): string => `machines/${cluster}/${name}.json`

const rolloutPath = ({ seq }: Rollout): string => `rollouts/${seq}.json`

const ajv = new Ajv2020()
ajv.addSchema(schema, 'ledger')

function parse<File>(kind: keyof typeof schema.$defs, path: string, file: string): File {
  const value = parseJson(path, file)
  if (kind === 'ledger') checkFormat(path, value)
  if (!ajv.validate(`ledger#/$defs/${kind}`, value)) {
    throw new LedgerError(`${path} is not as it was written: ${ajv.errorsText(ajv.errors)}`)
  }
  const { format: _, ...content } = value as { format?: number }
  return content as File
}

function parseJson(path: string, file: string): unknown {
  try {
    return JSON.parse(file)
  } catch (cause) {
    throw new LedgerError(`${path} is no JSON`, { cause })
  }
}

function checkFormat(path: string, value: unknown): void {
  const found = (value as { format?: unknown } | null)?.format
  if (typeof found === 'number' && found > format) {
    throw new LedgerError(
      `${path} has format ${found}; this nixcluster reads ${format}: use a newer one`,
    )
  }
}

const text = (value: unknown): string => `${JSON.stringify(sorted(value), undefined, 2)}\n`

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, inner]) => [key, sorted(inner)] as const)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
