import { randomInt } from 'node:crypto';
import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    alias: { vscode: resolve(import.meta.dirname, 'test/unit/vscode.ts') },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // A CI machine of two cores stalls a browser or a server for seconds now and then; what fails twice is a defect.
    retry: process.env.CI ? 1 : 0,
    env: {
      NO_COLOR: '1',
      // Hundreds of servers and commands are started from their sources: each file is stripped of its types once.
      NODE_COMPILE_CACHE: resolve(import.meta.dirname, 'node_modules/.cache/node'),
      // In CI always the same choices, so that it fails because of a change, not of luck; others are tried everywhere else.
      SPLITFTP_SEED: process.env.SPLITFTP_SEED || (process.env.CI ? '1' : String(randomInt(2 ** 31))),
    },
  },
});
