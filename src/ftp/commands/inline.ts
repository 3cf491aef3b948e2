/**
 * Small files within the control connection (`docs/architecture.md`, "Small files"): `SITE PUT` and `SITE GET` need one line and its reply,
 * where STOR and RETR need a data connection as well. Their bytes are in Base64 (RFC 4648, section 4).
 */
import { finished } from 'node:stream/promises';
import { maxLineBytes } from '../control/control-line-reader.ts';
import type { FileSystem } from '../file-system.ts';
import { lostSession, type Reply, ReplyError } from '../replies.ts';
import type { Session } from '../session.ts';
import type { FileTransfer } from '../session-record.ts';
import { fileAt } from './file-facts.ts';

/** In the answer to FEAT (RFC 2389) of every server on this engine. */
export const inlineFeature = 'X-INLINE';

/** Bytes of a file that SITE GET gives: its reply is less than the 64 KiB that clients take. */
export const inlineReadBytes = 32 * 1024;

/** Characters of Base64 in a line of the reply. */
const lineCharacters = 4_096;

const putCommand = (path: string, content: string) => `SITE PUT ${content} ${path}`;

/** The line that stores these bytes under that name; undefined when it would be too long. */
export function inlineStore(path: string, bytes: Buffer): string | undefined {
  const command = putCommand(path, bytes.toString('base64'));
  return Buffer.byteLength(command) < maxLineBytes ? command : undefined;
}

/** Bytes of a file that surely fit into the line that stores it. */
export function inlineStoreBytes(path: string): number {
  return Math.max(0, Math.floor((maxLineBytes - 1 - Buffer.byteLength(putCommand(path, ''))) / 4) * 3);
}

/** `SITE PUT base64 path`: as STOR; the reply says how many bytes the file has now, as SIZE would. */
export async function sitePut(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  const [, content, name] = /^([A-Za-z0-9+/]+={0,2}) (.+)$/s.exec(argument) ?? [];
  if (content === undefined || name === undefined || content.length % 4 !== 0) {
    return { code: 501, text: 'SITE PUT needs bytes in Base64 and a path.' };
  }
  const path = session.resolve(name);
  const bytes = Buffer.from(content, 'base64');
  return recorded(session, { kind: 'upload', path }, async () => {
    const upload = await files.write(path, 'replace', session.closing);
    try {
      upload.stream.end(bytes);
      await finished(upload.stream, { signal: session.closing });
    } catch (error) {
      await upload.abort();
      throw session.closing.aborted ? lostSession() : error;
    }
    await upload.commit();
    const { size } = await fileAt(path, files);
    return { bytes: bytes.length, reply: { code: 250, text: `${size} bytes are stored.` } };
  });
}

/** `SITE GET path`: the size of the file, and its first {@link inlineReadBytes}. */
export async function siteGet(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  if (argument === '') return { code: 501, text: 'SITE GET needs a path.' };
  const path = session.resolve(argument);
  return recorded(session, { kind: 'download', path }, async () => {
    const { size } = await fileAt(path, files);
    const content = size === 0 ? Buffer.alloc(0) : await beginning(path, files, session.closing);
    const base64 = content.toString('base64');
    const lines: string[] = [];
    for (let at = 0; at < base64.length; at += lineCharacters) {
      lines.push(base64.slice(at, at + lineCharacters));
    }
    return { bytes: content.length, reply: { code: 200, text: `${size} bytes`, lines } };
  });
}

/** What the reply to SITE GET says; undefined when it does not say all that it should. */
export function parseInline(
  message: string,
): { readonly size: number; readonly content: Buffer } | undefined {
  // A client may have cut lines where the network did.
  const [, bytes, base64] = /^200-(\d+) bytes\n([\s\S]*?)\n?200 End$/.exec(message) ?? [];
  if (bytes === undefined || base64 === undefined) return undefined;
  const size = Number(bytes);
  const content = Buffer.from(base64.replaceAll(/\s/g, ''), 'base64');
  return content.length === Math.min(size, inlineReadBytes) ? { size, content } : undefined;
}

async function beginning(path: string, files: FileSystem, signal: AbortSignal): Promise<Buffer> {
  const source = await files.read(path, 0);
  const chunks: Buffer[] = [];
  let length = 0;
  const end = () => source.destroy(lostSession());
  signal.addEventListener('abort', end, { once: true });
  try {
    if (signal.aborted) end();
    for await (const chunk of source.iterator()) {
      const bytes: Buffer = chunk;
      chunks.push(bytes);
      length += bytes.length;
      if (length >= inlineReadBytes) break;
    }
  } finally {
    signal.removeEventListener('abort', end);
    source.destroy();
  }
  return Buffer.concat(chunks).subarray(0, inlineReadBytes);
}

/** Takes one of the places for transfers, as those over data connections do, and writes the same log. */
async function recorded(
  session: Session,
  file: FileTransfer,
  work: () => Promise<{ readonly bytes: number; readonly reply: Reply }>,
): Promise<Reply> {
  const leave = session.options.admission.transfer();
  if (!leave) throw new ReplyError(451, 'Too many transfers are running: try again later.');
  const since = performance.now();
  try {
    const { bytes, reply } = await work();
    session.record.transferred(file, { bytes, milliseconds: performance.now() - since });
    return reply;
  } catch (error) {
    session.record.transferFailed(file, { bytes: 0, milliseconds: performance.now() - since }, error);
    throw error;
  } finally {
    leave();
  }
}
