/** Transfers of single files that go on where an earlier one has ended, whichever process that was. */
import {
  type Attempts,
  DifferentBytesError,
  downloadFile,
  type UploadOptions,
  uploadFile,
} from './file-transfer.ts';
import type { ConnectionPool } from './pool.ts';
import { retryingLost } from './retry.ts';
import type { RemoteEntry, ResumeOptions } from './transfer.ts';

/** A part of an upload that the coordinator kept, and that was not the file's beginning, is replaced once. */
export async function sendFile(
  pool: ConnectionPool,
  local: string,
  remote: string,
  { continues = false, ...options }: ResumeOptions & Pick<UploadOptions, 'continues'>,
): Promise<number> {
  const sendOnce = (goesOn: boolean) => {
    const { attempts, onBytes, onBegin } = following(pool, options);
    return uploadFile(attempts, local, remote, onBytes, { continues: goesOn, onBegin });
  };
  try {
    return await sendOnce(continues);
  } catch (error) {
    if (!continues || !(error instanceof DifferentBytesError)) throw error;
    return sendOnce(false);
  }
}

/** A temporary file that was not the file's beginning is replaced once. */
export async function fetchFile(
  pool: ConnectionPool,
  remote: Pick<RemoteEntry, 'path' | 'modified'>,
  local: string,
  draft: string,
  options: ResumeOptions,
): Promise<number> {
  let continued = false;
  const fetchOnce = () => {
    const { attempts, onBytes, onBegin } = following(pool, options);
    const begin = (position: number) => {
      continued ||= position > 0;
      onBegin(position);
    };
    return downloadFile(attempts, remote, local, onBytes, { draft, onBegin: begin });
  };
  try {
    return await fetchOnce();
  } catch (error) {
    if (!continued || !(error instanceof DifferentBytesError)) throw error;
    return fetchOnce();
  }
}

/** Attempts that can be stopped, and the position that they have reached. */
function following(pool: ConnectionPool, { signal, onPosition }: ResumeOptions) {
  let position = 0;
  const attempts: Attempts = (work) => retryingLost(() => pool.use(work, signal), signal);
  return {
    attempts,
    onBegin: (at: number) => {
      // The first bytes count what was there before, too.
      onPosition?.(Math.max(position, at));
    },
    onBytes: (bytes: number) => {
      position += bytes;
      onPosition?.(position);
    },
  };
}
