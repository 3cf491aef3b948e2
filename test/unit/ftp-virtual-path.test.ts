import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameOf, quotePath, resolvePath } from '../../src/ftp/virtual-path.ts';

describe('resolvePath', () => {
  it.each([
    ['/', '', '/'],
    ['/a', 'b', '/a/b'],
    ['/a', '/b', '/b'],
    ['/a/b', '..', '/a'],
    ['/a', '../../../b', '/b'],
    ['/', './a//b/./c/', '/a/b/c'],
    ['/', ' a ', '/ a '],
    ['/', '...', '/...'],
    ['/', '-x', '/-x'],
    ['/', 'a"b', '/a"b'],
    ['/', 'a\\..\\b', '/a\\..\\b'],
    ['/', '日本/é', '/日本/é'],
  ])('in %s, %s is %s', (folder, argument, path) => {
    expect(resolvePath(folder, argument)).toBe(path);
  });

  it('never leaves the root, and is absolute and normal', () => {
    const name = fc.oneof(fc.constantFrom('..', '.', ''), fc.stringMatching(/^[ -.0-~]{1,8}$/));
    const argument = fc.array(name).map((names) => names.join('/'));
    fc.assert(
      fc.property(argument, argument, (first, second) => {
        const path = resolvePath(resolvePath('/', first), second);
        expect(path).toMatch(/^\//);
        expect(path === '/' ? [] : path.slice(1).split('/')).not.toContain('');
        expect(path.split('/')).not.toContain('..');
        expect(path.split('/')).not.toContain('.');
        expect(resolvePath('/any', path)).toBe(path);
      }),
    );
  });

  it.each([
    'a\0b',
    'a\tb',
    'a\rb',
    '\u007f',
    '\u001b[2J',
    '\u009b2J',
    '\u0085',
  ])('refuses control characters: %j', (argument) => {
    expect(() => resolvePath('/', argument)).toThrow(expect.objectContaining({ kind: 'invalid-name' }));
  });

  it('counts the length of names and paths in bytes of UTF-8', () => {
    expect(resolvePath('/', 'é'.repeat(127))).toHaveLength(128);
    expect(() => resolvePath('/', 'é'.repeat(128))).toThrow('longer than 255 bytes');
    const deep = Array.from({ length: 2047 }, () => 'x').join('/');
    expect(resolvePath('/', deep)).toHaveLength(4094);
    expect(() => resolvePath('/', `${deep}/xxx`)).toThrow('longer than 4096 bytes');
  });
});

it('nameOf is the last name', () => {
  expect([nameOf('/'), nameOf('/a'), nameOf('/a/b c')]).toEqual(['', 'a', 'b c']);
});

it('quotePath doubles quotes', () => {
  expect(quotePath('/a"b')).toBe('"/a""b"');
});
