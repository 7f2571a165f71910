import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/packages/*.long.ts'],
    testTimeout: 600_000,
    hookTimeout: 1_200_000,
    // They share the machines of the lab and the package that is built.
    maxWorkers: 1,
    reporters: ['verbose'],
  },
})
