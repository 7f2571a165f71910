import { createHash } from 'node:crypto'
import type { Evaluation, Git, Nix } from '../../src/model/ports.ts'
import type { SystemContents } from '../../src/model/system-contents.ts'

const machineFile = /^nixcluster\/(?:machines|hosts|levels)\/.*\.nix$/

/**
 * A Nix in memory. The system of a machine is named after what its own generated files say; a machine of
 * which these hold the word `throw` cannot be evaluated.
 */
export function createMemoryNix(git: Git) {
  const store = new Map<string, SystemContents>()
  const evaluated: string[][] = []
  /** Held by a test that looks at what is said meanwhile. */
  let gate: Promise<void> | undefined

  const evaluateOne = async (commit: string, machine: string): Promise<Evaluation> => {
    const files = (await git.readTree(commit)).filter(
      ({ path }) => machineFile.test(path) && path.endsWith(`/${machine}.nix`),
    )
    const blobs = await git.readBlobs(files.map(({ id }) => id))
    const text = files.map(({ path, id }) => `${path}\n${blobs.get(id)}`).join('\n')
    if (text.includes('throw')) return { kind: 'failed', message: 'error: it was thrown' }
    const hash = createHash('sha256').update(text).digest('hex').slice(0, 32)
    const motd = /motd[^"]*"([^"]*)"/s.exec(text)?.[1] ?? ''
    const system = `/nix/store/${hash}-nixos-system-${machine}-${motd.replaceAll(/\W/g, '')}`
    store.set(system, contentsOf(system, motd))
    return { kind: 'system', system, path: `${system}-profile`, drv: `${system}.drv` }
  }

  const nix: Nix = {
    async evaluate(_mirror, commit, machines) {
      evaluated.push([...machines])
      await gate
      const results = machines.map(
        async (machine) => [machine, await evaluateOne(commit, machine)] as const,
      )
      return new Map(await Promise.all(results))
    },
    build: () => Promise.resolve(new Map()),
    has: (paths) =>
      Promise.resolve(paths.every((path) => store.has(path.replace(/-profile$|\.drv$/, '')))),
    describe: (systems) =>
      Promise.resolve(
        new Map(
          systems.flatMap((system) => {
            const contents = store.get(system)
            return contents ? [[system, contents] as const] : []
          }),
        ),
      ),
    describeDerivations: () => Promise.resolve(new Map()),
  }
  return {
    ...nix,
    /** The machines of each evaluation. */
    evaluated,
    /** Holds every evaluation until the function that it gives is called. */
    hold(): () => void {
      let release = (): void => undefined
      gate = new Promise((resolve) => (release = resolve))
      return () => {
        gate = undefined
        release()
      }
    },
  }
}

function contentsOf(system: string, motd: string): SystemContents {
  const files = { motd: { hash: motd, text: motd, size: motd.length } }
  return {
    ...{ system, units: {}, files, packages: {}, size: 1000, users: {}, ports: [] },
    boot: { kernel: 'k', 'kernel-modules': 'm', 'kernel-params': 'p', initrd: 'i', systemd: 's' },
    ...{ virtualHosts: {}, inhibitors: {} },
  }
}
