import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import * as v from 'valibot';
import type { LogLevel } from '../log/log-level.ts';
import { logLevelMessageOf } from './log-level-message.ts';
import { StartError } from './start-error.ts';

export type OutputStream = 'stdout' | 'stderr';

interface ChildServerOptions {
  /** For messages, such as `storage server 1`. */
  readonly name: string;
  /** The program's file. */
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  onLine(line: string, stream: OutputStream): void;
}

/** What a child says is checked: a program that is not ours may have been named. */
const serverMessage = v.variant('type', [
  v.object({ type: v.literal('ready'), port: v.number() }),
  v.object({
    type: v.literal('failed'),
    message: v.string(),
    taken: v.optional(v.object({ port: v.number(), variable: v.string() })),
  }),
]);

/**
 * Node options of a server. The bytes of a transfer come in buffers outside of V8's heap, 64 KiB each: a small young
 * generation frees them often and early, and measuring them against the whole heap's limit, not against a fixed
 * number, spares most collections of the whole heap.
 */
export const serverNodeOptions: readonly string[] = [
  '--max-semi-space-size=1',
  '--external-memory-accounted-in-global-limit',
];

const startDeadlineMs = 30_000;
const stopDeadlineMs = 5_000;

/** One forked server. It ends with this process however that ends, since the channel between them closes. */
export class ChildServer {
  readonly name: string;
  /** Resolves when it accepts clients; rejects with its own message when it cannot. */
  readonly ready: Promise<void>;
  /** Resolves when the process is gone, with why. */
  readonly gone: Promise<string>;
  readonly #process: ChildProcess;

  constructor({ name, program, args, environment, onLine }: ChildServerOptions) {
    this.name = name;
    this.#process = fork(program, [...args], {
      env: environment,
      execArgv: [...serverNodeOptions],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A terminal's Ctrl-C goes to the whole group; the order in which servers end is the parent's to decide.
      detached: process.platform !== 'win32',
    });
    let lastError = '';
    for (const stream of ['stdout', 'stderr'] as const) {
      const output = this.#process[stream];
      if (output === null) throw new Error(`${name} was started without its ${stream}`);
      createInterface({ input: output }).on('line', (line) => {
        // Neither its log (JSON) nor the indented and closing lines of a stack trace say why it ended.
        if (stream === 'stderr' && /^(?!Node\.js v)[^\s{}]/.test(line)) lastError = line;
        onLine(line, stream);
      });
    }
    this.gone = new Promise((resolve) => {
      this.#process.on('error', (error) => resolve(`${name} cannot be run: ${error.message}`));
      this.#process.once('close', (status, signal) => {
        const how = signal === null ? `with exit status ${status}` : `by ${signal}`;
        resolve(`${name} ended ${how}${lastError === '' ? '' : `: ${lastError}`}`);
      });
    });
    this.ready = this.#awaitReady();
    // Whoever awaits it hears of the failure; it must not count as unhandled before or instead.
    this.ready.catch(() => undefined);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** From now on; a server that is ending has no use for it. */
  setLogLevel(level: LogLevel): void {
    if (this.#process.connected) this.#process.send(logLevelMessageOf(level), () => undefined);
  }

  /** Asks it to end, makes it end after 5 seconds, and resolves when it is gone. */
  async stop(): Promise<void> {
    // Windows has no signals: there its servers end when the channel closes.
    if (process.platform !== 'win32') this.#process.kill('SIGTERM');
    else if (this.#process.connected) this.#process.disconnect();
    const deadline = setTimeout(() => this.#process.kill('SIGKILL'), stopDeadlineMs);
    await this.gone;
    clearTimeout(deadline);
  }

  #awaitReady(): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        reject(new Error(`${this.name} did not become ready within ${startDeadlineMs / 1000} s`));
      }, startDeadlineMs);
      this.#process.on('message', (message) => {
        const parsed = v.safeParse(serverMessage, message);
        if (!parsed.success) return;
        if (parsed.output.type === 'ready') resolve();
        else {
          const { message: why, taken } = parsed.output;
          reject(new StartError(`${this.name}: ${why}`, taken && { taken }));
        }
        clearTimeout(deadline);
      });
      void this.gone.then((why) => {
        clearTimeout(deadline);
        reject(new Error(why));
      });
    });
  }
}
