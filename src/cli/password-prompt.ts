import { createInterface } from 'node:readline';
import type { ReadStream } from 'node:tty';
import { passwordProblem } from '../accounts/user-rules.ts';
import { InterruptedError } from './interruption.ts';
import { UsageError } from './session.ts';

/**
 * A new password: typed twice without being shown, or the first line of standard input when that is no terminal.
 * Never an argument: other users of the machine could list those.
 * @throws UsageError when it is not one that can be used, InterruptedError after Ctrl-C
 */
export async function askNewPassword(): Promise<string> {
  const { stdin } = process;
  if (!stdin.isTTY) return accepted(await firstLine(stdin));
  const password = accepted(await typeUnseen(stdin, 'Password: '));
  if ((await typeUnseen(stdin, 'Again: ')) !== password) throw new UsageError('The two passwords differ.');
  return password;
}

function accepted(password: string): string {
  const problem = passwordProblem(password);
  if (problem !== undefined) throw new UsageError(problem);
  return password;
}

async function firstLine(input: NodeJS.ReadableStream): Promise<string> {
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  try {
    for await (const line of lines) return line;
  } finally {
    lines.close();
  }
  throw new UsageError(
    'No password came on standard input: type it at a terminal, or pipe one line with it.',
  );
}

/** In raw mode the terminal shows nothing, and hands over every key. */
function typeUnseen(terminal: ReadStream, prompt: string): Promise<string> {
  terminal.setRawMode(true); // Before it is asked for: some type at once.
  process.stderr.write(prompt);
  terminal.setEncoding('utf8');
  terminal.resume();
  return new Promise((resolve, reject) => {
    let typed: string[] = [];
    const end = (finish: () => void) => {
      terminal.off('data', take);
      terminal.off('end', interrupt);
      terminal.setRawMode(false);
      terminal.pause();
      process.stderr.write('\n');
      finish();
    };
    const interrupt = () => end(() => reject(new InterruptedError('interrupted')));
    const take = (text: string) => {
      for (const key of text) {
        if (key === '\r' || key === '\n') return end(() => resolve(typed.join('')));
        if (key === '\u0003' || key === '\u0004') return interrupt(); // Ctrl-C, Ctrl-D
        if (key === '\u007f' || key === '\b') typed.pop();
        else if (key === '\u0015')
          typed = []; // Ctrl-U
        else typed.push(key);
      }
    };
    terminal.on('data', take);
    terminal.on('end', interrupt);
  });
}
