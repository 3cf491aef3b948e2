import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';

/** Small disks in memory can be had by the administrator of a Linux machine that lets them. */
export function mayMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', tmpdir()], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
