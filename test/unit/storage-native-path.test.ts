import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nativePath } from '../../src/storage/native-path.ts';

describe('nativePath', () => {
  it('is below the root', () => {
    expect(nativePath('/root', '/a/b c', 'linux')).toBe(join('/root', 'a', 'b c'));
    expect(nativePath('/root', '/', 'linux')).toBe(join('/root'));
  });

  it.each([
    '/..\\..\\x',
    '/c:',
    '/a/b:stream',
    '/CON',
    '/nul.txt',
    '/com1',
    '/a ',
    '/a.',
    '/a?',
    '/a|b',
  ])('refuses on Windows what means something else there: %s', (path) => {
    expect(() => nativePath('/root', path, 'win32')).toThrow('cannot be stored on Windows');
    expect(() => nativePath('/root', path, 'linux')).not.toThrow();
  });

  it.each(['/console', '/a.b', '/.hidden', '/com', '/-x'])('takes on Windows: %s', (path) => {
    expect(() => nativePath('/root', path, 'win32')).not.toThrow();
  });
});
