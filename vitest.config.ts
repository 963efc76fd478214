// Which tests run when: `unit` in seconds on every change, `e2e` over real processes, `scenarios` for the long drills,
// `networks` for live networks of up to fifty validators, `formal` for the model of the protocol and the exhaustive check.
import { defineConfig } from 'vitest/config';

const shared = { pool: 'forks', testTimeout: 60_000, hookTimeout: 60_000 } as const;

export default defineConfig({
  test: {
    // Two workers: the real brokers and databases that tests start need the rest of a small machine.
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/scenarios/**', 'test/formal/**'],
        },
      },
      // Whole networks of processes: one file at a time, so that each has the machine to itself.
      {
        test: {
          ...shared,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: ['test/e2e/networks/**'],
          testTimeout: 180_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          ...shared,
          name: 'formal',
          include: ['test/formal/**/*.test.ts'],
        },
      },
      {
        test: {
          ...shared,
          name: 'networks',
          include: ['test/e2e/networks/**/*.test.ts'],
          testTimeout: 600_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          ...shared,
          name: 'scenarios',
          include: ['test/scenarios/**/*.test.ts'],
          testTimeout: 900_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
