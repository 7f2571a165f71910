import { wrong, type Examined, type Finding } from '../../model/finding.ts'
import type { Clock } from '../../model/ports.ts'

/** One look at something; what it throws is a finding, too. */
export interface Check {
  /** Of the finding where it throws, or says nothing for too long. */
  readonly name: string
  /** What to do then. */
  readonly advice: string
  readonly limitMs?: number
  look(signal: AbortSignal): Promise<readonly Finding[]>
}

/** Performs a check within its time; never throws. */
export type Perform = (check: Check) => Promise<readonly Finding[]>

/** Checks that belong together; `run` gives its findings in the order in which they are shown. */
export interface Group {
  readonly name: string
  run(perform: Perform): Promise<readonly Finding[]>
}

export interface Watcher {
  /** A group is done, and all before it. */
  group(name: string, findings: readonly Examined[]): void
  /** Checks that have begun and have not ended, by name, and how many have ended. */
  progress(open: readonly string[], done: number): void
}

const usualLimitMs = 10_000

/** Performs all groups at once, and tells of them in order; one that hangs holds up no other. */
export async function performAll(
  groups: readonly Group[],
  clock: Clock,
  watcher: Watcher,
): Promise<readonly Examined[]> {
  const open: string[] = []
  let done = 0
  const perform: Perform = async (check) => {
    open.push(check.name)
    watcher.progress(open, done)
    const findings = await withinLimit(check, clock)
    open.splice(open.indexOf(check.name), 1)
    watcher.progress(open, ++done)
    return findings
  }
  const running = groups.map((group) => ({ group, findings: group.run(perform) }))
  const all: Examined[] = []
  const ids = new Set<string>()
  for (const { group, findings } of running) {
    const examined = (await findings).map((finding) => {
      const id = uniqueId(`${slug(group.name)}/${slug(finding.name)}`, ids)
      ids.add(id)
      return { id, group: group.name, ...finding }
    })
    if (examined.length > 0) watcher.group(group.name, examined)
    all.push(...examined)
  }
  return all
}

async function withinLimit(
  { name, advice, limitMs = usualLimitMs, look }: Check,
  clock: Clock,
): Promise<readonly Finding[]> {
  const [limit, ended] = [new AbortController(), new AbortController()]
  const looking = look(limit.signal).catch((error: unknown) => [
    wrong(name, error instanceof Error ? error.message : String(error), advice),
  ])
  const late = clock.sleep(limitMs, ended.signal).then(() => {
    if (!ended.signal.aborted) limit.abort()
    return [wrong(name, `no answer within ${Math.round(limitMs / 1000)} s`, advice)]
  })
  const findings = await Promise.race([looking, late])
  ended.abort()
  return findings
}

const slug = (text: string): string => text.toLowerCase().replaceAll(/[^\w.]+/g, '-')

function uniqueId(id: string, taken: ReadonlySet<string>): string {
  for (let n = 2, unique = id; ; n++) {
    if (!taken.has(unique)) return unique
    unique = `${id}-${n}`
  }
}
