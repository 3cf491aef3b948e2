/**
 * The life of a server's process, the same for the coordinator and the storage servers: start, say so, end.
 *
 * To the person who started it: a line per server, then `ready`, on standard output; one clear sentence on
 * standard error when it cannot start. To the program that forked it: a {@link ServerMessage}.
 * Exit status: 0 ended on request, 1 failed, 2 wrong usage or configuration.
 */
import { ConfigurationError } from '../config/configuration.ts';
import { UsageError } from './server-arguments.ts';
import { StartError, type TakenPort } from './start-error.ts';

export interface RunningServer {
  readonly port: number;
  /** One line for people: what listens where. */
  readonly announcement: string;
  /** Ends every session and resolves when everything is freed. */
  close(): Promise<void>;
}

/** Where a server is found. */
export function urlOf(host: string, port: number): string {
  return `ftp://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** What a forked server tells its parent, once. */
export type ServerMessage =
  | { readonly type: 'ready'; readonly port: number }
  | { readonly type: 'failed'; readonly message: string; readonly taken?: TakenPort };

/** A server that does not close in this time is ended all the same. */
const closeDeadlineMs = 5_000;

/**
 * Runs this process as a server until SIGTERM, SIGINT, SIGHUP, or the loss of the parent that forked it.
 * @param name for messages, such as `storage server 1`
 */
export async function runServerProcess(name: string, start: () => Promise<RunningServer>): Promise<void> {
  let running: RunningServer | undefined;
  let ending = false;

  const end = async (): Promise<void> => {
    // A second request means that the first one takes too long for whoever asks.
    if (ending) process.exit(1);
    ending = true;
    setTimeout(() => {
      process.stderr.write(`${name}: did not close within ${closeDeadlineMs / 1000} s, ended\n`);
      process.exit(1);
    }, closeDeadlineMs).unref();
    try {
      await running?.close();
      process.exit(0);
    } catch (error) {
      process.stderr.write(`${name}: could not close cleanly: ${messageOf(error)}\n`);
      process.exit(1);
    }
  };

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, end);
  // Only the parent holds the other end of the channel: when it is gone, so is the parent.
  process.on('disconnect', end);

  try {
    running = await start();
  } catch (error) {
    const message = messageOf(error);
    process.stderr.write(`${name}: ${message}\n`);
    const taken = error instanceof StartError ? error.taken : undefined;
    await send({ type: 'failed', message, ...(taken && { taken }) });
    process.exit(error instanceof ConfigurationError || error instanceof UsageError ? 2 : 1);
  }
  // A parent that was gone before anybody listened for its loss.
  if (process.send && !process.connected) return end();
  process.stdout.write(`${running.announcement}\nready\n`);
  await send({ type: 'ready', port: running.port });
}

function messageOf(error: unknown): string {
  if (error instanceof ConfigurationError || error instanceof UsageError || error instanceof StartError) {
    return error.message;
  }
  // A defect: whoever reports it needs to say where it happened.
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function send(message: ServerMessage): Promise<void> {
  return new Promise((resolve) => {
    if (!process.send || !process.connected) return resolve();
    // A parent that is gone is noticed by `disconnect`; there is nobody left to tell.
    process.send(message, undefined, undefined, () => resolve());
  });
}
