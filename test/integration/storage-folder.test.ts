import { execFileSync } from 'node:child_process';
import { mkdir, open, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { entriesIn, entryAt } from '../../src/storage/entries.ts';
import { toFileSystemError } from '../../src/storage/errors.ts';
import { FileSink } from '../../src/storage/file-sink.ts';
import { Folder } from '../../src/storage/folder.ts';
import { temporaryFolder } from './ftp-server-fixture.ts';

const never = new AbortController().signal;

async function write(stream: Writable, content: string | Uint8Array): Promise<void> {
  stream.end(content);
  await finished(stream);
}

const failure = (kind: string) => expect.objectContaining({ name: 'FileSystemError', kind });

describe('a folder', () => {
  it('is created when it is missing', async () => {
    const root = join(await temporaryFolder(), 'a', 'b');
    await Folder.open(root);
    expect(await readdir(root)).toEqual(['.splitftp-uploads']);
  });

  it('drops at its start what an earlier run left of uploads', async () => {
    const root = await temporaryFolder();
    await mkdir(join(root, '.splitftp-uploads', 'deep'), { recursive: true });
    await writeFile(join(root, '.splitftp-uploads', 'deep', 'rest'), 'x');
    await Folder.open(root);
    expect(await readdir(join(root, '.splitftp-uploads'))).toEqual([]);
  });

  it('does not show or open the private folder of its uploads, in any case', async () => {
    const folder = await Folder.open(await temporaryFolder());
    expect(await folder.list('/')).toEqual([]);
    for (const path of ['/.splitftp-uploads', '/.splitftp-uploads/x', '/.SplitFTP-Uploads']) {
      await expect(folder.stat(path)).rejects.toEqual(failure('denied'));
    }
    await expect(folder.removeDirectory('/.splitftp-uploads')).rejects.toEqual(failure('denied'));
    await expect(folder.rename('/.splitftp-uploads', '/x')).rejects.toEqual(failure('denied'));
  });

  it('keeps its root', async () => {
    const folder = await Folder.open(await temporaryFolder());
    await expect(folder.removeDirectory('/')).rejects.toEqual(failure('denied'));
    await expect(folder.rename('/', '/x')).rejects.toEqual(failure('denied'));
    await expect(folder.removeFile('/')).rejects.toEqual(failure('is-a-directory'));
    await expect(folder.write('/', 'replace', never)).rejects.toEqual(failure('is-a-directory'));
  });

  it('finding 30: follows no link out of it, wherever in the path it is', async () => {
    const outside = await temporaryFolder();
    await writeFile(join(outside, 'secret'), 'secret');
    await mkdir(join(outside, 'sub'));
    const root = await temporaryFolder();
    const folder = await Folder.open(root);
    await symlink(outside, join(root, 'out'));
    await symlink(join(outside, 'secret'), join(root, 'link'));
    await symlink(join(outside, 'new'), join(root, 'dangling'));
    await symlink('..', join(root, 'up'));

    expect(await folder.list('/')).toEqual([]);
    for (const path of ['/out', '/link', '/dangling', '/up', '/out/secret', '/out/sub/x', '/up/x']) {
      await expect(folder.stat(path), path).rejects.toEqual(failure('missing'));
      await expect(folder.list(path), path).rejects.toEqual(failure('missing'));
      await expect(folder.read(path, 0), path).rejects.toEqual(failure('missing'));
      await expect(folder.removeFile(path), path).rejects.toEqual(failure('missing'));
      await expect(folder.removeDirectory(path), path).rejects.toEqual(failure('missing'));
      await expect(folder.rename(path, '/moved'), path).rejects.toEqual(failure('missing'));
      await expect(folder.setModified(path, new Date(0)), path).rejects.toEqual(failure('missing'));
    }
    for (const path of ['/out/new', '/out/secret', '/up/new']) {
      await expect(folder.write(path, 'replace', never), path).rejects.toEqual(failure('missing'));
      await expect(folder.write(path, 'append', never), path).rejects.toEqual(failure('missing'));
      await expect(folder.makeDirectory(path), path).rejects.toEqual(failure('missing'));
    }
    // A name that is a link is replaced itself, not what it points to.
    for (const path of ['/link', '/dangling'] as const) {
      const upload = await folder.write(path, 'append', never);
      await write(upload.stream, 'mine');
      await upload.commit();
      expect(await readFile(join(root, path), 'utf8')).toBe('mine');
    }
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret');
    expect((await readdir(outside)).sort()).toEqual(['secret', 'sub']);
  });

  it.runIf(process.platform !== 'win32')('does not open pipes and devices', async () => {
    const root = await temporaryFolder();
    const folder = await Folder.open(root);
    execFileSync('mkfifo', [join(root, 'pipe')]);
    expect(await folder.list('/')).toEqual([]);
    await expect(folder.read('/pipe', 0)).rejects.toEqual(failure('missing'));
  });

  it('tells the same `unique` of a file after a rename, and another of another', async () => {
    const root = await temporaryFolder();
    const folder = await Folder.open(root);
    await writeFile(join(root, 'a'), '');
    await writeFile(join(root, 'b'), '');
    const { unique } = await folder.stat('/a');
    expect((await folder.stat('/b')).unique).not.toBe(unique);
    await folder.rename('/a', '/c');
    expect((await folder.stat('/c')).unique).toBe(unique);
  });

  it('replaces a file by a rename, but no folder', async () => {
    const root = await temporaryFolder();
    const folder = await Folder.open(root);
    await writeFile(join(root, 'a'), 'a');
    await writeFile(join(root, 'b'), 'b');
    await mkdir(join(root, 'd'));
    await folder.rename('/a', '/b');
    expect(await readFile(join(root, 'b'), 'utf8')).toBe('a');
    await expect(folder.rename('/b', '/d')).rejects.toEqual(failure('exists'));
    await expect(folder.rename('/d', '/b')).rejects.toEqual(failure('exists'));
    await expect(folder.rename('/d', '/d/e')).rejects.toEqual(failure('denied'));
    await folder.rename('/b', '/b');
    await folder.rename('/d', '/e');
    expect((await folder.list('/')).map(({ name }) => name).sort()).toEqual(['b', 'e']);
  });
});

describe('an upload to a folder', () => {
  it('keeps the folder above it from being renamed or removed', async () => {
    const folder = await Folder.open(await temporaryFolder());
    await folder.makeDirectory('/d');
    const upload = await folder.write('/d/f', 'replace', never);
    await expect(folder.rename('/d', '/e')).rejects.toEqual(failure('busy'));
    await expect(folder.removeDirectory('/d')).rejects.toEqual(failure('busy'));
    await upload.abort();
    await folder.rename('/d', '/e');
  });

  it('is not committed once its signal is aborted', async () => {
    const root = await temporaryFolder();
    const folder = await Folder.open(root);
    await writeFile(join(root, 'f'), 'old');
    for (const mode of ['replace', 'append'] as const) {
      const client = new AbortController();
      const upload = await folder.write('/f', mode, client.signal);
      await write(upload.stream, 'new');
      client.abort();
      await expect(upload.commit()).rejects.toEqual(failure('aborted'));
      expect(await readFile(join(root, 'f'), 'utf8')).toBe('old');
    }
    await folder.removeFile('/f');
    expect(await readdir(join(root, '.splitftp-uploads'))).toEqual([]);
  });

  it('can be aborted in the middle of a write', async () => {
    const root = await temporaryFolder();
    const folder = await Folder.open(root);
    await writeFile(join(root, 'f'), 'old');
    for (const mode of ['replace', 'append'] as const) {
      const upload = await folder.write('/f', mode, never);
      upload.stream.write(Buffer.alloc(8_000_000));
      upload.stream.write(Buffer.alloc(8_000_000));
      await upload.abort();
      expect((await stat(join(root, 'f'))).size).toBe(3);
    }
    expect(await readdir(join(root, '.splitftp-uploads'))).toEqual([]);
  });

  it('stores what came, over many writes and early write-backs', async () => {
    const root = await temporaryFolder();
    const folder = await Folder.open(root);
    const upload = await folder.write('/f', 'replace', never);
    const chunk = Buffer.alloc(65_536);
    const chunks = 1_500;
    for (let index = 0; index < chunks; index++) {
      const copy = Buffer.from(chunk.fill(index & 255));
      if (!upload.stream.write(copy)) await new Promise((resolve) => upload.stream.once('drain', resolve));
    }
    upload.stream.end();
    await finished(upload.stream);
    expect(await upload.commit()).toBe(`Stored ${chunks * chunk.length} bytes.`);
    const stored = await readFile(join(root, 'f'));
    expect(stored.length).toBe(chunks * chunk.length);
    for (let index = 0; index < chunks; index++) {
      expect(stored.subarray(index * 65_536, (index + 1) * 65_536).equals(chunk.fill(index & 255))).toBe(
        true,
      );
    }
  });
});

describe('a listing', () => {
  it.runIf(process.platform === 'linux')('leaves out names that would make other lines of it', async () => {
    const root = await temporaryFolder();
    const folder = await Folder.open(root);
    await writeFile(join(root, 'a\r\n-rw-r--r-- 1 u g 0 Jan 1 00:00 b'), '');
    await writeFile(join(root, '\u001b[2J'), '');
    await writeFile(join(root, 'kept'), '');
    expect((await folder.list('/')).map(({ name }) => name)).toEqual(['kept']);
  });

  it('has what is there, whatever disappears meanwhile, and fails as the disk does', async () => {
    const root = await temporaryFolder();
    await writeFile(join(root, 'f'), '12');
    await mkdir(join(root, 'd'));
    await symlink('f', join(root, 'link'));
    const names = ['gone', 'f', 'link', 'd', ...Array.from({ length: 500 }, (_, index) => `gone ${index}`)];
    const entries = await entriesIn(root, names);
    expect(entries.map(({ name, kind, size }) => [name, kind, size]).sort()).toEqual([
      ['d', 'directory', 0],
      ['f', 'file', 2],
    ]);
    expect(entries.find(({ name }) => name === 'f')).toEqual(await entryAt(join(root, 'f'), 'f'));
    expect(await entriesIn(root, [])).toEqual([]);
    await expect(entriesIn(join(root, 'f'), names)).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});

describe('errors', () => {
  it.runIf(process.platform === 'linux')('of a full disk say so, without a path', async () => {
    const full = await open('/dev/full', 'w');
    const sink = new FileSink(full, 0);
    await expect(write(sink, 'x')).rejects.toEqual(failure('no-space'));
    await full.close();
  });

  it('of the system have words that show no path of the machine', async () => {
    const error = await stat('/nonexistent/path').catch((reason: unknown) => toFileSystemError(reason));
    expect(error).toEqual(failure('missing'));
    expect(String(error)).not.toContain('nonexistent');
  });

  it('that are not known come back as they are', () => {
    const error = new Error('a defect');
    expect(toFileSystemError(error)).toBe(error);
  });
});
