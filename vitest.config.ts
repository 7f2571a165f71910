import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 300_000,
    // Two processors are the floor: the machines of the lab share them with the tests.
    maxWorkers: 2,
    reporters: ['default'],
  },
})
