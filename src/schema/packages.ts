import { createRequire } from 'node:module'

// Most runs need neither, and loading them takes longer than a small fleet does.
const load = createRequire(import.meta.url)

/** yaml, loaded when it is asked for. */
export const yaml = (): typeof import('yaml') => load('yaml') as typeof import('yaml')

/** ajv, loaded when it is asked for. */
export const ajv = (): typeof import('ajv/dist/2020.js') =>
  load('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js')
