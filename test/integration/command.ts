/** The `splitftp` command as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

export const program = resolve(import.meta.dirname, '../../src/cli/main.ts');

export interface Outcome {
  /** Exit status; null when a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that has been started and goes on. */
export class RunningCommand {
  /** Resolves when it is gone and all that it has written is read. */
  readonly ended: Promise<Outcome>;
  readonly #process: ChildProcess;
  #stdout = '';
  #stderr = '';

  /** @param input all that is on its standard input */
  constructor(args: readonly string[], folder: string, input = '') {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: folder,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.on('error', () => undefined); // It may end without reading any.
    child.stdin.end(input);
    child.stdout.on('data', (text: Buffer) => {
      this.#stdout += text;
    });
    child.stderr.on('data', (text: Buffer) => {
      this.#stderr += text;
    });
    this.#process = child;
    this.ended = once(child, 'close').then(() => this.#outcome());
  }

  get output(): string {
    return this.#stdout + this.#stderr;
  }

  /** Resolves when it has printed `ready`, as servers do. */
  async ready(): Promise<this> {
    const said = async () => {
      while (!/^ready$/m.test(this.#stdout)) await once(this.#process.stdout ?? this.#process, 'data');
    };
    const ended = this.ended.then(({ stderr }) => {
      throw new Error(`it ended before it was ready: ${stderr}`);
    });
    ended.catch(() => undefined); // Once it was ready it may end.
    await Promise.race([said(), ended]);
    return this;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Outcome> {
    this.#process.kill(signal);
    return this.ended;
  }

  #outcome(): Outcome {
    return { status: this.#process.exitCode, stdout: this.#stdout, stderr: this.#stderr };
  }
}

/** Runs a command to its end. @param folder the current folder of the command */
export function splitftp(args: readonly string[], folder: string, input = ''): Promise<Outcome> {
  return new RunningCommand(args, folder, input).ended;
}
