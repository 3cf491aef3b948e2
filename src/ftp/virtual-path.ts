import { FileSystemError } from './file-system.ts';

/** UTF-8 bytes; what common file systems allow. */
const maxNameBytes = 255;
const maxPathBytes = 4096;

/**
 * The absolute virtual path that an argument of a command means in a working folder. Never above `/`.
 * @throws FileSystemError `invalid-name` for control characters and for what is too long
 */
export function resolvePath(workingFolder: string, argument: string): string {
  if (hasControlCharacter(argument)) {
    throw new FileSystemError('invalid-name', 'Names may not hold control characters.');
  }
  const names: string[] = [];
  for (const name of `${argument.startsWith('/') ? '' : workingFolder}/${argument}`.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  if (names.some((name) => Buffer.byteLength(name) > maxNameBytes)) {
    throw new FileSystemError('invalid-name', `Names may not be longer than ${maxNameBytes} bytes.`);
  }
  const path = `/${names.join('/')}`;
  if (Buffer.byteLength(path) > maxPathBytes) {
    throw new FileSystemError('invalid-name', `Paths may not be longer than ${maxPathBytes} bytes.`);
  }
  return path;
}

/** The last name of a path; empty for the root. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A path as a reply names it (RFC 959, appendix II): in quotes, quotes within doubled. */
export function quotePath(path: string): string {
  return `"${path.replaceAll('"', '""')}"`;
}

/** Those of ASCII and of Latin-1: terminals take both for commands (ECMA-48, section 5.3). */
export function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}
