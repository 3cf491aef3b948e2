/** A storage server's folder that can be made to fail, stall or lie. */
import { PassThrough, type Readable, Writable } from 'node:stream';
import {
  type Entry,
  type FileSystem,
  FileSystemError,
  type Upload,
  type WriteMode,
} from '../../src/ftp/file-system.ts';

export type Fault =
  | 'write-fails'
  | 'write-stalls'
  | 'write-is-forgotten'
  | 'size-is-wrong'
  | 'read-stalls'
  | 'read-trickles'
  /** A chunk a second. */
  | 'read-is-slow';

export class FaultyStorage implements FileSystem {
  readonly #files: FileSystem;
  fault: Fault | undefined;
  /** Bytes of an upload or download that go well before a fault shows. */
  after = 0;
  /** Files that the disk does not give, by path, and what the server says then; written anew they are elsewhere on it. */
  readonly unreadable = new Map<string, FileSystemError>();
  /** Downloads that were begun, and bytes that they have sent. */
  reads = 0;
  sent = 0;

  constructor(files: FileSystem) {
    this.#files = files;
  }

  async stat(path: string): Promise<Entry> {
    const entry = await this.#files.stat(path);
    const isWrong = this.fault === 'size-is-wrong' && entry.kind === 'file';
    return isWrong ? { ...entry, size: entry.size - 1 } : entry;
  }

  list(path: string): Promise<readonly Entry[]> {
    return this.#files.list(path);
  }

  makeDirectory(path: string): Promise<void> {
    return this.#files.makeDirectory(path);
  }

  removeDirectory(path: string): Promise<void> {
    return this.#files.removeDirectory(path);
  }

  removeFile(path: string): Promise<void> {
    return this.#files.removeFile(path);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#files.rename(from, to);
  }

  setModified(path: string, modified: Date): Promise<void> {
    return this.#files.setModified(path, modified);
  }

  async read(path: string, offset: number): Promise<Readable> {
    const failure = this.unreadable.get(path);
    if (failure) throw failure;
    const source = await this.#files.read(path, offset);
    const { fault } = this;
    this.reads += 1;
    if (fault === 'read-is-slow') return this.#counted(source, 1000);
    if (fault !== 'read-stalls' && fault !== 'read-trickles') return this.#counted(source, 0);
    let rest = this.after;
    const slowed = new PassThrough({
      transform: (chunk: Buffer, _encoding, done) => {
        rest -= chunk.length;
        if (rest >= 0) done(null, chunk);
        else if (fault === 'read-trickles') slowed.push(chunk.subarray(0, 1)); // And never asks for more.
      },
    });
    slowed.on('close', () => source.destroy());
    return source.pipe(slowed);
  }

  /** @param pause milliseconds before each chunk */
  #counted(source: Readable, pause: number): Readable {
    const counted = new PassThrough({
      transform: (chunk: Buffer, _encoding, done) => {
        const send = () => {
          this.sent += chunk.length;
          done(null, chunk);
        };
        if (pause === 0) send();
        else timer = setTimeout(send, pause);
      },
    });
    let timer: NodeJS.Timeout | undefined;
    counted.on('close', () => {
      clearTimeout(timer);
      source.destroy();
    });
    source.on('error', (error) => counted.destroy(error));
    return source.pipe(counted);
  }

  async write(path: string, mode: WriteMode, signal: AbortSignal): Promise<Upload> {
    const upload = await this.#files.write(path, mode, signal);
    this.unreadable.delete(path);
    const { fault } = this;
    if (fault === 'write-is-forgotten') {
      const commit = async () => {
        const reply = await upload.commit();
        await this.#files.removeFile(path);
        return reply;
      };
      return { offset: upload.offset, stream: upload.stream, commit, abort: () => upload.abort() };
    }
    if (fault !== 'write-fails' && fault !== 'write-stalls') return upload;
    let rest = this.after;
    const stream = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        rest -= chunk.length;
        if (rest >= 0) upload.stream.write(chunk, done);
        else if (fault === 'write-fails') done(new FileSystemError('no-space', 'the disk is full'));
      },
      final: (done) => void upload.stream.end(done),
    });
    const abort = async () => {
      stream.destroy();
      await upload.abort();
    };
    return { offset: upload.offset, stream, commit: () => upload.commit(), abort };
  }
}
