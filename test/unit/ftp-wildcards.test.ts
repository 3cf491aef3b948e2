import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FileSystem } from '../../src/ftp/file-system.ts';
import { compile, expandWildcards, hasWildcards } from '../../src/ftp/wildcards.ts';
import { MemoryFileSystem } from '../memory-file-system.ts';

describe('a pattern', () => {
  it.each([
    ['*', 'anything', true],
    ['*', '.hidden', false],
    ['.*', '.hidden', true],
    ['?hidden', '.hidden', false],
    ['*.txt', 'a.txt', true],
    ['*.txt', 'a.txt.gz', false],
    ['*.txt', '.txt', false],
    ['a*b*c', 'aXbYbZc', true],
    ['a*b*c', 'aXbYbZ', false],
    ['?', '🎉', true],
    ['??', '🎉', false],
    ['[abc]x', 'bx', true],
    ['[a-c]x', 'dx', false],
    ['[!a-c]x', 'dx', true],
    ['[!a-c]x', 'bx', false],
    ['[]]', ']', true],
    ['[!]]', ']', false],
    ['[a-]', '-', true],
    ['[ab', '[ab', true],
    ['a[', 'a[', true],
    ['[]', '[]', true],
    ['a\\*', 'a\\b', true],
    ['(a|b)+$', '(a|b)+$', true],
    ['', '', true],
    ['**', 'x', true],
  ])('%j and %j: %s', (pattern, name, matches) => {
    expect(compile(pattern)(name)).toBe(matches);
  });

  it('without wildcards matches itself only', () => {
    const name = fc.string({ unit: 'grapheme' }).filter((text) => !hasWildcards(text));
    fc.assert(
      fc.property(name, name, (pattern, other) => {
        expect(compile(pattern)(pattern)).toBe(true);
        expect(compile(pattern)(other)).toBe(pattern === other);
      }),
    );
  });

  it('matches as a regular expression of the same meaning does', () => {
    const letters = fc.constantFrom('a', 'b', '*', '?');
    const name = fc.string({ unit: fc.constantFrom('a', 'b') });
    fc.assert(
      fc.property(fc.array(letters), name, (pattern, text) => {
        const expression = pattern.map((each) => (each === '*' ? '.*' : each === '?' ? '.' : each)).join('');
        expect(compile(pattern.join(''))(text)).toBe(new RegExp(`^${expression}$`).test(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('that would keep a backtracking matcher busy for years is answered', () => {
    expect(compile(`${'*a'.repeat(40)}*b`)('a'.repeat(250))).toBe(false);
  });
});

describe('expanding', () => {
  async function tree(): Promise<FileSystem & { listed: string[] }> {
    const files = new MemoryFileSystem();
    for (const folder of ['/d1', '/d1/sub', '/d2', '/d2/sub', '/e', '/.h']) await files.makeDirectory(folder);
    for (const file of ['/d1/a.txt', '/d1/b', '/d2/a.txt', '/d2/sub/a.txt', '/d3.txt', '/.h/a.txt']) {
      const upload = await files.write(file, 'replace', new AbortController().signal);
      await upload.commit();
    }
    const listed: string[] = [];
    return Object.assign(Object.create(files), {
      listed,
      stat: (path: string) => files.stat(path),
      list: (path: string) => {
        listed.push(path);
        return files.list(path);
      },
    });
  }

  it.each([
    ['/d*', ['/d1', '/d2', '/d3.txt']],
    ['/d?/a.txt', ['/d1/a.txt', '/d2/a.txt']],
    ['/d?/*', ['/d1/a.txt', '/d1/b', '/d1/sub', '/d2/a.txt', '/d2/sub']],
    ['/*/sub/*', ['/d2/sub/a.txt']],
    ['/*/*/a.txt', ['/d2/sub/a.txt']],
    ['/none/*', []],
    ['/d3.txt/*', []],
    ['/*/none', []],
    ['/.?/*', ['/.h/a.txt']],
    ['/d1/a.txt', ['/d1/a.txt']],
  ])('%s', async (pattern, paths) => {
    const found = await expandWildcards(pattern, await tree());
    expect(found.map(({ path }) => path).sort()).toEqual(paths);
    for (const { path, entry } of found) expect(entry.name).toBe(path.slice(path.lastIndexOf('/') + 1));
  });

  it('lists a folder once at most, and only where the pattern leads', async () => {
    const files = await tree();
    await expandWildcards('/d*/sub/*', files);
    expect(files.listed.sort()).toEqual(['/', '/d1/sub', '/d2/sub']);
  });

  it('passes on what is more than absence', async () => {
    const files = await tree();
    files.list = () => Promise.reject(new Error('broken'));
    await expect(expandWildcards('/*', files)).rejects.toThrow('broken');
  });
});
