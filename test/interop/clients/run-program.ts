import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface ProgramOptions {
  /** Written to its standard input, which then ends. */
  readonly input?: string;
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** A program that takes longer is killed. */
  readonly timeoutMs?: number;
}

export interface ProgramResult {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end, without the user's own settings for it.
 * @throws Error with all that it printed, when its exit status is not 0 or it took too long
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  { input = '', folder, environment, timeoutMs = 50_000 }: ProgramOptions = {},
): Promise<ProgramResult> {
  const env = { ...process.env, LC_ALL: 'C.UTF-8', ...environment };
  const child = spawn(program, args, { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] });
  const outputs = Promise.all([text(child.stdout), text(child.stderr)]);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  child.stdin.on('error', () => undefined); // It may end without reading; its status tells.
  child.stdin.end(input);
  try {
    const [status, signal] = await once(child, 'close');
    const [stdout, stderr] = await outputs;
    if (status === 0) return { stdout, stderr };
    const how = late ? `took more than ${timeoutMs / 1000} s` : `ended with ${status ?? signal}`;
    throw new Error(`${program} ${args.join(' ')}: ${how}\n${stdout}${stderr}`);
  } finally {
    clearTimeout(timer);
  }
}
