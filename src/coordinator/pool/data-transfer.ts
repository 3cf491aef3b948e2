/**
 * STOR and RETR over basic-ftp's connections, so that a broken data connection does not hide what the storage server
 * has to say about it (RFC 959, section 5.4: every transfer ends with a reply): basic-ftp alone closes the session at
 * the first ECONNRESET, and "552 disk full" is never read.
 */
import type { Socket } from 'node:net';
import { type Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Client, FTPError, type FTPResponse, type TaskResolver } from 'basic-ftp';
import { TellingSink } from '../../ftp/data/telling-sink.ts';
import { CertificateError, secureData } from '../../tls/trust.ts';

import { openPassive } from './passive.ts';
import { isSilence } from './storage-failure.ts';

/** Milliseconds between two looks at whether bytes still move. */
const watchInterval = 500;

export interface StoreOptions {
  /** Called with the data connection before the first byte. */
  readonly onConnected?: (data: Socket) => void;
  /** Called with each chunk of the source when its bytes are with the system. */
  readonly onTaken?: (chunk: Buffer) => void;
}

/**
 * Uploads with STOR. Resolves when the server confirms after every byte was handed over, even if the data connection
 * broke after them: some servers reset it instead of closing it. What arrived must be verified in any case.
 * @throws FTPError with the server's reply; anything else closes the connection
 */
export async function store(
  client: Client,
  source: Readable,
  path: string,
  { onConnected, onTaken }: StoreOptions = {},
): Promise<void> {
  let target: Socket | undefined;
  // The end of the data connection must not look like the end of the file; if that broke first, the reply tells why.
  const closeAll = (error: Error) => {
    if (!target?.destroyed) client.ftp.closeWithError(error);
  };
  source.once('error', closeAll).on('error', rejectedAlready);
  try {
    const data = await openPassive(client);
    await transfer(client, data, `STOR ${path}`, {
      move: async (data) => {
        target = data;
        onConnected?.(data);
        await pipeline(source, onTaken ? new TellingSink(data, onTaken) : data);
      },
      waitsForServer: (data) => data.writableLength > 0,
      handedOver: () => source.readableEnded,
    });
  } finally {
    source.off('error', closeAll);
  }
}

/**
 * Downloads with RETR, from an offset on with REST (RFC 3659, section 5.3). Ends `sink`, or destroys it when that
 * failed. How many bytes came must be checked: the end of the data tells nothing.
 * @throws FTPError with the server's reply; anything else closes the connection
 */
export function retrieve(client: Client, sink: Writable, path: string, offset: number): Promise<void> {
  return receive(client, sink, `RETR ${path}`, offset);
}

async function receive(client: Client, sink: Writable, command: string, offset: number): Promise<void> {
  sink.on('error', rejectedAlready);
  try {
    const data = await openPassive(client);
    try {
      if (offset > 0) await client.send(`REST ${offset}`);
      await transfer(client, data, command, {
        move: (data) => pipeline(data, sink),
        waitsForServer: (data) => !data.isPaused(),
        handedOver: () => false,
      });
    } finally {
      data.destroy();
    }
  } catch (error) {
    sink.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}

/** The bytes of a file from `offset` on, for short ends of files. */
export function retrieveBytes(client: Client, path: string, offset: number): Promise<Buffer> {
  return receiveBytes(client, `RETR ${path}`, offset);
}

/** The whole answer to LIST or MLSD with its argument. */
export function retrieveListing(client: Client, command: string): Promise<Buffer> {
  return receiveBytes(client, command, 0);
}

async function receiveBytes(client: Client, command: string, offset: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  await receive(client, sink, command, offset);
  return Buffer.concat(chunks);
}

/** A stream may have its last error when nobody listens any more, which would end the process. */
function rejectedAlready(): void {}

interface Movement {
  /** Moves the bytes. */
  readonly move: (data: Socket) => Promise<void>;
  /** Whether it is the storage server that has to act now. */
  readonly waitsForServer: (data: Socket) => boolean;
  /** Whether all bytes left, so that a positive reply counts although the data connection broke. */
  readonly handedOver: () => boolean;
}

async function transfer(client: Client, data: Socket, command: string, movement: Movement): Promise<void> {
  const { ftp } = client;
  let broken: Error | undefined;
  let moved = false;
  let reply: FTPResponse | undefined;
  let watch: NodeJS.Timeout | undefined;
  let settle = () => {};
  const dataEnded = (error?: Error) => {
    clearInterval(watch);
    moved = true;
    broken ??= error;
    if (broken instanceof CertificateError) ftp.closeWithError(broken);
    ftp.socket.setTimeout(ftp.timeout); // From here on the reply is what is waited for.
    settle();
  };
  data.on('error', dataEnded);
  const begin = async () => {
    // Not before: some servers take a first byte ahead of the command for a mistake (pyftpdlib).
    const secured = await secureData(client, data);
    secured.on('error', dataEnded);
    ftp.socket.setTimeout(0);
    watch = watchProgress(
      data,
      () => movement.waitsForServer(secured),
      ftp.timeout,
      () => ftp.closeWithError(new Error('Timeout (data connection)')),
    );
    await movement.move(secured);
  };
  let begun = false;
  const receive = (response: Error | FTPResponse, task: TaskResolver) => {
    settle = () => {
      if (!reply || !moved) return;
      if (!broken || movement.handedOver()) task.resolve(reply);
      else task.reject(broken);
    };
    if (response instanceof FTPError) task.reject(response);
    else if (response instanceof Error) task.reject(isSilence(response) ? response : (broken ?? response));
    else if (response.code >= 300) task.reject(new Error(`an answer out of turn: ${response.message}`));
    else if (response.code >= 200) {
      reply = response;
      settle();
    } else if (!begun) {
      begun = true;
      begin().then(() => dataEnded(), dataEnded);
    }
  };
  try {
    await ftp.handle(command, receive);
  } catch (error) {
    if (!(error instanceof FTPError))
      ftp.closeWithError(error instanceof Error ? error : new Error(String(error)));
    throw error;
  } finally {
    clearInterval(watch);
    data.destroy();
  }
}

/** Calls `onStall` when the server was waited for without a byte moving for `timeout` milliseconds. */
function watchProgress(
  data: Socket,
  waitsForServer: () => boolean,
  timeout: number,
  onStall: () => void,
): NodeJS.Timeout {
  let bytes = -1;
  let silent = 0;
  const watch = setInterval(() => {
    const now = data.bytesRead + data.bytesWritten;
    silent = now === bytes && waitsForServer() ? silent + watchInterval : 0;
    bytes = now;
    if (silent >= timeout) onStall();
  }, watchInterval);
  watch.unref();
  return watch;
}
