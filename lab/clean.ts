import { cleanLabs } from './registry.ts'

// By hand it removes every lab; a lab's own watch asks only for those whose process has ended.
await cleanLabs(!process.argv.includes('--ended'))
