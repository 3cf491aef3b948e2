/** A plain FTP session with a coordinator, for what the split client does not do: offsets, appending, half transfers. */
import { Readable, Writable } from 'node:stream';
import { Client } from 'basic-ftp';
import type { CoordinatorConfiguration } from '../../src/config/configuration.ts';

export async function openSession({ host, port, account }: CoordinatorConfiguration): Promise<Client> {
  const session = new Client();
  await session.access({ host, port, user: account.user, password: account.password });
  return session;
}

export async function store(session: Client, path: string, bytes: Buffer): Promise<void> {
  await session.uploadFrom(Readable.from([bytes], { objectMode: false }), path);
}

/** Adds to the end, with APPE. */
export async function append(session: Client, path: string, bytes: Buffer): Promise<void> {
  await session.appendFrom(Readable.from([bytes], { objectMode: false }), path);
}

/** Goes on with an upload at an offset, with REST and STOR. */
export async function resume(session: Client, path: string, offset: number, bytes: Buffer): Promise<void> {
  const { prepareTransfer } = session;
  session.prepareTransfer = async (ftp) => {
    const reply = await prepareTransfer(ftp);
    await session.send(`REST ${offset}`); // It must stand right before STOR (RFC 3659, section 5.3).
    return reply;
  };
  try {
    await store(session, path, bytes);
  } finally {
    session.prepareTransfer = prepareTransfer;
  }
}

export interface Received {
  readonly bytes: Buffer;
  /** Why the transfer failed, if it did; `bytes` are then those that came before. */
  readonly error: unknown;
}

export async function receive(session: Client, path: string, offset = 0): Promise<Received> {
  const chunks: Buffer[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  let failure: unknown;
  await session.downloadTo(sink, path, offset).catch((error: unknown) => {
    failure = error;
  });
  return { bytes: Buffer.concat(chunks), error: failure };
}

export async function retrieve(session: Client, path: string, offset = 0): Promise<Buffer> {
  const { bytes, error } = await receive(session, path, offset);
  if (error !== undefined) throw error;
  return bytes;
}

/** The CRC-32 that the coordinator has for a file, eight hexadecimal digits. */
export async function hash(session: Client, path: string): Promise<string> {
  await session.send('OPTS HASH CRC32');
  const { message } = await session.send(`HASH ${path}`);
  return message.split(' ')[3] ?? message;
}
