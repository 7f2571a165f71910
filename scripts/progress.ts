/** Runs one step of the setup and prints one line with its time when it ends. */
export async function step<Result>(title: string, work: () => Promise<Result>): Promise<Result> {
  const started = performance.now()
  const line = (end: string): string =>
    `  ${title}: ${end} after ${((performance.now() - started) / 1000).toFixed(0)} s\n`
  if (process.stderr.isTTY) process.stderr.write(`  ${title} ...\r`)
  try {
    const result = await work()
    process.stderr.write(line('done'))
    return result
  } catch (error) {
    process.stderr.write(line('failed'))
    throw error
  }
}
