/** Runs the `splitftp` command from its source, as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';

const main = resolve(import.meta.dirname, '../../src/cli/main.ts');

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/** Starts the command; a test that fails before it ends must end it. */
export function startCommand(args: readonly string[], { cwd, environment }: RunOptions = {}) {
  const command = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const outcome: Promise<Outcome> = Promise.all([
    text(command.stdout),
    text(command.stderr),
    once(command, 'close'),
  ]).then(([stdout, stderr]) => ({ status: command.exitCode, stdout, stderr }));
  return { command, outcome };
}

export async function runCommand(args: readonly string[], options?: RunOptions): Promise<Outcome> {
  return startCommand(args, options).outcome;
}

/** Resolves when the command has printed a line; rejects when it ends without. */
export function awaitLine(command: ChildProcess, expected: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let printed = '';
    command.stdout?.on('data', (chunk) => {
      printed += chunk;
      if (printed.split('\n').includes(expected)) resolve();
    });
    command.once('close', () =>
      reject(new Error(`the command ended without a line "${expected}": ${printed}`)),
    );
  });
}
