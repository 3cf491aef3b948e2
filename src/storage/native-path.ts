import { join } from 'node:path';
import { FileSystemError } from '../ftp/file-system.ts';

/** What Windows gives a meaning of its own: separators, drives, streams, wildcards, devices. */
const windowsCharacters = /[<>:"|?*\\]/;
const windowsDevices = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * The path on the disk of a virtual path (absolute, normalized).
 * @throws FileSystemError `invalid-name` for a name that this system would take for something else
 */
export function nativePath(root: string, path: string, platform: NodeJS.Platform = process.platform): string {
  const names = path.split('/').filter((name) => name !== '');
  if (platform === 'win32') {
    for (const name of names) {
      if (windowsCharacters.test(name) || windowsDevices.test(name) || /[ .]$/.test(name)) {
        throw new FileSystemError('invalid-name', `The name ${name} cannot be stored on Windows.`);
      }
    }
  }
  return join(root, ...names);
}
