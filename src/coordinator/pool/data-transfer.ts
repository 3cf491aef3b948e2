/**
 * STOR and RETR over basic-ftp's connections, so that a broken data connection does not hide what the storage server
 * has to say about it (RFC 959, section 5.4: every transfer ends with a reply): basic-ftp alone closes the session at
 * the first ECONNRESET, and "552 disk full" is never read.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TLSSocket } from 'node:tls';
import { type Client, FTPError, type FTPResponse, type TaskResolver } from 'basic-ftp';
import { CertificateError } from '../../tls/trust.ts';

/** Milliseconds between two looks at whether bytes still move. */
const watchInterval = 500;

/**
 * Uploads with STOR. Resolves when the server confirms after every byte was handed over, even if the data connection
 * broke after them: some servers reset it instead of closing it. What arrived must be verified in any case.
 * @param onConnected called with the data connection before the first byte
 * @throws FTPError with the server's reply; anything else closes the connection
 */
export async function store(
  client: Client,
  source: Readable,
  path: string,
  onConnected?: (data: Socket) => void,
): Promise<void> {
  const closeAll = (error: Error) => client.ftp.closeWithError(error);
  source.once('error', closeAll);
  try {
    const data = await openData(client);
    await transfer(client, data, `STOR ${path}`, {
      move: async () => {
        if (data instanceof TLSSocket && data.getCipher() === undefined) await once(data, 'secureConnect');
        if (data.errored) throw data.errored;
        onConnected?.(data);
        await pipeline(source, data);
      },
      waitsForServer: () => data.writableLength > 0,
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
export async function retrieve(client: Client, sink: Writable, path: string, offset: number): Promise<void> {
  try {
    const data = await openData(client);
    if (offset > 0) await client.send(`REST ${offset}`);
    await transfer(client, data, `RETR ${path}`, {
      move: () => pipeline(data, sink),
      waitsForServer: () => !data.isPaused(),
      handedOver: () => false,
    });
  } catch (error) {
    sink.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}

/** The bytes of a file from `offset` on, for short ends of files. */
export async function retrieveBytes(client: Client, path: string, offset: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  await retrieve(client, sink, path, offset);
  return Buffer.concat(chunks);
}

interface Movement {
  /** Moves the bytes. */
  readonly move: () => Promise<void>;
  /** Whether it is the storage server that has to act now. */
  readonly waitsForServer: () => boolean;
  /** Whether all bytes left, so that a positive reply counts although the data connection broke. */
  readonly handedOver: () => boolean;
}

/** A data connection whose end is ours to judge: basic-ftp's own listeners would close the session with it. */
async function openData(client: Client): Promise<Socket> {
  await client.prepareTransfer(client.ftp);
  const data = client.ftp.dataSocket;
  if (!data) throw new Error('there is no data connection');
  data.removeAllListeners('error');
  const closing = data.listeners('close').at(-1); // The last one is basic-ftp's; a TLS socket has its own before it.
  if (isListener(closing)) data.off('close', closing);
  return data;
}

function isListener(value: unknown): value is () => void {
  return typeof value === 'function';
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
  const begin = () => {
    ftp.socket.setTimeout(0);
    watch = watchProgress(data, movement.waitsForServer, ftp.timeout, () =>
      ftp.closeWithError(new Error('Timeout (data connection)')),
    );
    movement.move().then(() => dataEnded(), dataEnded);
  };
  const receive = (response: Error | FTPResponse, task: TaskResolver) => {
    settle = () => {
      if (!reply || !moved) return;
      if (!broken || movement.handedOver()) task.resolve(reply);
      else task.reject(broken);
    };
    if (response instanceof FTPError) task.reject(response);
    else if (response instanceof Error) task.reject(broken ?? response);
    else if (response.code >= 300) task.reject(new Error(`an answer out of turn: ${response.message}`));
    else if (response.code >= 200) {
      reply = response;
      settle();
    } else if (watch === undefined) begin();
  };
  try {
    await ftp.handle(command, receive);
  } catch (error) {
    if (!(error instanceof FTPError))
      ftp.closeWithError(error instanceof Error ? error : new Error(String(error)));
    throw error;
  } finally {
    clearInterval(watch);
    ftp.dataSocket = undefined; // Closes it.
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
