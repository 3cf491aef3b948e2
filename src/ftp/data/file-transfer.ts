import { type Reply, ReplyError } from '../replies.ts';
import type { Session } from '../session.ts';
import type { FileTransfer } from '../session-record.ts';
import type { Transfer } from './transfer.ts';

/**
 * {@link Session.runTransfer} for the bytes of a file: takes one of the server's places for transfers, and the log
 * tells how it ended.
 * @throws ReplyError 451 when all places are taken
 */
export async function runFileTransfer(
  session: Session,
  file: FileTransfer,
  work: (transfer: Transfer) => Promise<Reply>,
): Promise<Reply> {
  const leave = session.options.admission.transfer();
  // Not 450: rclone takes that for "there is no such file".
  if (!leave) throw new ReplyError(451, 'Too many transfers are running: try again later.');
  const since = performance.now();
  let transfer: Transfer | undefined;
  const moved = () => ({ bytes: transfer?.bytes ?? 0, milliseconds: performance.now() - since });
  try {
    const reply = await session.runTransfer((begun) => {
      transfer = begun;
      return work(begun);
    });
    const sums = moved();
    session.record.transferred(file, { ...sums, crc32: await knownCrc32(session, file.path) });
    return reply;
  } catch (error) {
    session.record.transferFailed(file, moved(), error);
    throw error;
  } finally {
    leave();
  }
}

/** For the log alone, which can do without. */
async function knownCrc32({ fileSystem }: Session, path: string): Promise<string | undefined> {
  try {
    return await fileSystem?.knownDigest?.(path, 'CRC32');
  } catch {
    return undefined; // Another session has just removed the file.
  }
}
