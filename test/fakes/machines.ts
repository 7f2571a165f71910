import type { Lease, Reading } from '../../src/model/reading.ts'
import type { Deployer, Look, Remote } from '../../src/model/remote.ts'
import { UnreachableError } from '../../src/model/errors.ts'

interface Machine {
  running: string
  generation: number
  lease?: Lease
}

/** Machines in memory, whose activations succeed unless a system is called bad, with the deployer that reaches them. */
export function createMemoryMachines() {
  const machines = new Map<string, Machine>()
  const bad = new Set<string>()
  let away = new Set<string>()

  const machineOf = (name: string): Machine => {
    if (away.has(name)) throw new UnreachableError(`${name} does not answer`)
    const machine = machines.get(name) ?? { running: '', generation: 0 }
    machines.set(name, machine)
    return machine
  }
  const lookAt = ({ running, generation, lease }: Machine): Look => {
    const reading: Reading = {
      ...{ locked: false, switching: false, booted: running, running },
      ...{ profile: running === '' ? '' : `${running}-profile`, profileSystem: running },
      ...{ generation, newest: generation, activatable: running !== '' },
      ...{ bootId: 'boot', uptime: 1000, failedUnits: [] },
      ...(lease === undefined ? {} : { lease }),
    }
    return {
      ...{ reading, hostKey: 'ssh-ed25519 AAAA', failedBefore: undefined },
      ...{ activeSeconds: undefined, log: [] },
    }
  }
  const withLease = (
    name: string,
    run: string,
    change: (lease: Lease) => Lease | undefined,
  ): Promise<Look> => {
    const machine = machineOf(name)
    if (machine.lease?.run === run) {
      const lease = change(machine.lease)
      if (lease === undefined) delete machine.lease
      else machine.lease = lease
    }
    return Promise.resolve(lookAt(machine))
  }

  const remote: Remote = {
    look: async ({ name }) => lookAt(machineOf(name)),
    take: async ({ name }, claim, over) => {
      const machine = machineOf(name)
      if (machine.lease?.run === over?.run && machine.lease?.stage === over?.stage) {
        const before = machine.running
        machine.lease = { ...claim, bootId: 'boot', uptime: 1000, before, stage: 'taken' }
      }
      return lookAt(machine)
    },
    seat: async ({ name }) => lookAt(machineOf(name)),
    read: async ({ name }, run) =>
      withLease(name, run, (lease) =>
        lease.stage === 'taken' ? { ...lease, stage: 'closed' } : lease,
      ),
    drop: async ({ name }, run) => withLease(name, run, () => undefined),
  }
  const deployer: Deployer = {
    copy: async ({ name }) => void machineOf(name),
    deploy: async ({ target: { name }, run, path }) => {
      const machine = machineOf(name)
      const system = path.replace(/-profile$/, '')
      const isBad = [...bad].some((word) => system.includes(word))
      if (!isBad) {
        machine.running = system
        machine.generation += 1
      }
      await withLease(name, run, (lease) => ({ ...lease, stage: isBad ? 'failed' : 'ok' }))
      return { exitCode: isBad ? 1 : 0, log: '', lines: isBad ? ['it failed'] : [] }
    },
    explain: (log) => log,
  }
  return {
    remote,
    deployer,
    /** What runs where. */
    running: (): Readonly<Record<string, string>> =>
      Object.fromEntries([...machines].map(([name, { running }]) => [name, running]).sort()),
    /** Systems with this word in their name fail. */
    spoil: (word: string): void => void bad.add(word),
    mend: (): void => bad.clear(),
    /** These do not answer from now on; the others do. */
    cutOff: (...names: readonly string[]): void => void (away = new Set(names)),
  }
}
