import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/gitea/*.real.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    maxWorkers: 2,
    reporters: ['default'],
  },
})
