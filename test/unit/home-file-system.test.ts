import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HomeFileSystem } from '../../src/accounts/home-file-system.ts';
import { type FileSystem, FileSystemError } from '../../src/ftp/file-system.ts';
import { MemoryFileSystem } from '../memory-file-system.ts';

async function store(files: FileSystem, path: string, content: string): Promise<void> {
  const upload = await files.write(path, 'replace', new AbortController().signal);
  await new Promise<void>((resolve) => upload.stream.end(content, resolve));
  await upload.commit();
}

async function failure(work: Promise<unknown>): Promise<FileSystemError> {
  const reason = await work.then(
    () => new Error('it succeeded'),
    (error: unknown) => error,
  );
  if (!(reason instanceof FileSystemError)) throw reason;
  return reason;
}

describe('a home', () => {
  test('is created with the folders above it, once', async () => {
    const inner = new MemoryFileSystem();
    await HomeFileSystem.open(inner, '/home/ann/files', false);
    await HomeFileSystem.open(inner, '/home/ann/files', false);
    expect(inner.paths).toEqual(['/', '/home', '/home/ann', '/home/ann/files']);
  });

  test('cannot be a file', async () => {
    const inner = new MemoryFileSystem();
    await store(inner, '/ann', '');
    expect((await failure(HomeFileSystem.open(inner, '/ann', false))).kind).toBe('not-a-directory');
    expect((await failure(HomeFileSystem.open(inner, '/ann/x', false))).kind).toBe('not-a-directory');
  });

  test('is all that there is', async () => {
    const inner = new MemoryFileSystem();
    await store(inner, '/secret', 'not yours');
    const files = await HomeFileSystem.open(inner, '/ann', false);
    await files.makeDirectory('/a');
    await store(files, '/a/f', 'mine');
    await files.rename('/a/f', '/g');
    expect(await text(await files.read('/g', 1))).toBe('ine');
    expect((await files.list('/')).map(({ name }) => name)).toEqual(['a', 'g']);
    expect(await files.stat('/')).toMatchObject({ kind: 'directory', name: '' });
    expect((await failure(files.stat('/secret'))).message).toBe('/secret does not exist');
    await files.removeDirectory('/a');
    await files.removeFile('/g');
    expect(inner.paths).toEqual(['/', '/ann', '/secret']);
  });

  test('cannot be removed, renamed or replaced from within', async () => {
    const inner = new MemoryFileSystem();
    const files = await HomeFileSystem.open(inner, '/ann', false);
    await store(files, '/f', '');
    for (const work of [
      files.removeDirectory('/'),
      files.rename('/', '/x'),
      files.rename('/f', '/'),
      files.removeFile('/'),
    ]) {
      expect((await failure(work)).kind).toBe('denied');
    }
    expect(inner.paths).toEqual(['/', '/ann', '/ann/f']);
  });

  test('that is the root hides nothing', async () => {
    const inner = new MemoryFileSystem();
    const files = await HomeFileSystem.open(inner, '/', false);
    await store(files, '/f', 'x');
    expect(inner.paths).toEqual(['/', '/f']);
    expect((await failure(files.stat('/g'))).message).toBe('/g does not exist');
  });

  const name = fc.constantFrom('a', 'b', 'ann', 'ann.', '.ann', 'a/ann', 'ann/ann');
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => `/${names.join('/')}`);
  test('never shows in a message, and every path in one is the one that the user gave', async () => {
    await fc.assert(
      fc.asyncProperty(path, path, path, async (home, from, to) => {
        const inner = new MemoryFileSystem();
        const files = await HomeFileSystem.open(inner, home, false);
        const { message } = await failure(files.stat(from));
        expect(message).toBe(`${from} does not exist`);
        const { message: second } = await failure(files.rename(from, to));
        expect(second).toBe(`${from} does not exist`);
        await store(files, '/f', '');
        const missing = await failure(files.removeDirectory(to));
        expect(missing.message).toBe(`${to} does not exist`);
      }),
    );
  });
});

/** Everything that a file system can do besides what it must; what is added to the interface is missed here. */
type Ability = { [K in keyof FileSystem]-?: undefined extends FileSystem[K] ? K : never }[keyof FileSystem];

test('what the inner file system can do beyond the rest, the home can do, at its own paths', async () => {
  const asked: unknown[] = [];
  const abilities: Pick<Required<FileSystem>, Ability> = {
    readOnly: true,
    async partialUpload(path) {
      asked.push(path);
      return undefined;
    },
    async knownDigest(path) {
      asked.push(path);
      return 'digest';
    },
    async rememberDigest(path) {
      asked.push(path);
    },
    async freeBytes(path) {
      asked.push(path);
      return 1;
    },
  };
  const files = await HomeFileSystem.open(Object.assign(new MemoryFileSystem(), abilities), '/ann', false);
  expect(files.readOnly).toBe(true);
  await files.partialUpload('/p');
  expect(await files.knownDigest('/k', 'CRC32')).toBe('digest');
  await files.rememberDigest('/r', await files.stat('/'), 'CRC32', 'digest');
  expect(await files.freeBytes('/')).toBe(1);
  expect(asked).toEqual(['/ann/p', '/ann/k', '/ann/r', '/ann']);
});

test('a user who may only read reads, and changes nothing', async () => {
  const inner = new MemoryFileSystem();
  await store(await HomeFileSystem.open(inner, '/ann', false), '/f', 'content');
  const before = inner.paths;
  const files = await HomeFileSystem.open(inner, '/ann', true);
  expect(await text(await files.read('/f', 0))).toBe('content');
  for (const work of [
    files.makeDirectory('/d'),
    files.removeDirectory('/d'),
    files.removeFile('/f'),
    files.rename('/f', '/g'),
    files.setModified('/f', new Date()),
    files.write('/g', 'replace', new AbortController().signal),
    files.write('/f', 'append', new AbortController().signal),
  ]) {
    expect(await failure(work)).toMatchObject({ kind: 'denied', message: 'This account is read-only.' });
  }
  expect(inner.paths).toEqual(before);
});
