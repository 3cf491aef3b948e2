/**
 * FTP servers of Debian that cannot stand beside each other as packages, and would start a service of the machine:
 * they are unpacked into a folder of their own and never installed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

const folder = resolve(import.meta.dirname, '../node_modules/.cache/debian-servers');
const packages = ['vsftpd', 'proftpd-core', 'proftpd-mod-crypto', 'pure-ftpd'];
const programs = {
  vsftpd: 'usr/sbin/vsftpd',
  proftpd: 'usr/sbin/proftpd',
  'pure-ftpd': 'usr/sbin/pure-ftpd',
};

export type DebianServer = keyof typeof programs;

/** Path of the server's program; `library` is where shared libraries lie that the machine itself does not have. */
export function debianServer(name: DebianServer): { program: string; library: string; modules: string } {
  return {
    program: join(folder, programs[name]),
    library: libraries().join(':'),
    modules: join(folder, 'usr/lib/proftpd'),
  };
}

/** Pure-FTPd's program that makes its user database. */
export function purePw(): string {
  return join(folder, 'usr/bin/pure-pw');
}

/** Unpacked, and on a machine that lets them be run apart from the rest (see {@link isolated}). */
export function hasDebianServer(name: DebianServer): boolean {
  return existsSync(join(folder, programs[name])) && canIsolate();
}

/**
 * A command in namespaces of its own: when its first process ends so do all others, and files of the machine (PAM's)
 * can be covered for it alone. Needs root on Linux.
 */
export function isolated(script: string): readonly [string, ...string[]] {
  // The shell stays the first process: one that gives up being root would no longer be ended with its parent.
  return ['unshare', '--mount', '--pid', '--fork', '--kill-child=SIGKILL', 'sh', '-euc', `${script}; exit`];
}

let isolation: boolean | undefined;

function canIsolate(): boolean {
  isolation ??= process.platform === 'linux' && process.getuid?.() === 0 && succeeds(isolated('true'));
  return isolation;
}

/** Downloads and unpacks all of them with the libraries they need, where that can be done. */
export function installDebianServers(): void {
  if (!canIsolate() || !succeeds(['apt-get', '--version'])) return;
  const draft = `${folder}.${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  try {
    unpack(draft, packages, new Set());
    rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Unpacks packages, then what libraries they depend on and the machine lacks. */
function unpack(target: string, names: readonly string[], done: Set<string>): void {
  const wanted = names.filter((name) => !done.has(name));
  if (wanted.length === 0) return;
  for (const name of wanted) done.add(name);
  const downloads = join(target, `download-${done.size}`);
  mkdirSync(downloads);
  execFileSync('apt-get', ['download', '--quiet', ...wanted], { cwd: downloads, stdio: 'ignore' });
  const archives = readdirSync(downloads).map((name) => join(downloads, name));
  for (const archive of archives) execFileSync('dpkg', ['-x', archive, target]);
  const needed = archives.flatMap((archive) =>
    execFileSync('dpkg-deb', ['-f', archive, 'Depends'], { encoding: 'utf8' })
      .split(/[,|]/)
      .map((dependency) => dependency.trim().replace(/[ :(].*$/, ''))
      .filter((name) => name.startsWith('lib') && !succeeds(['dpkg', '--status', name])),
  );
  rmSync(downloads, { recursive: true });
  unpack(target, needed, done);
}

function libraries(): string[] {
  const lib = join(folder, 'usr/lib');
  const triplets = readdirSync(lib).filter((name) => name.includes('-linux-'));
  return triplets.map((name) => join(lib, name));
}

function succeeds([command, ...args]: readonly [string, ...string[]]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
