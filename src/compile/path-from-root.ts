/**
 * What a path means that stands in a file or link of the repository, from the root; undefined where it
 * leads out of the tree.
 */
export function pathFromRoot(file: string, written: string): string | undefined {
  if (written.startsWith('/')) return undefined
  const steps = file.split('/').slice(0, -1)
  for (const step of written.split('/')) {
    if (step === '' || step === '.') continue
    if (step !== '..') steps.push(step)
    else if (steps.pop() === undefined) return undefined
  }
  return steps.join('/')
}
