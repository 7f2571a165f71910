import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

// Tells one build from another, for what a run leaves for the next one.

const dist = new URL('../dist', import.meta.url).pathname
const digest = createHash('sha256')
for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' }).sort())
  if (name.endsWith('.js')) digest.update(`${name}\0`).update(readFileSync(join(dist, name)))
writeFileSync(join(dist, 'build-id'), digest.digest('hex'))
