/** Programs from outside npm that some tests need, and how they come onto a machine. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type DebianServer, hasDebianServer, installDebianServers } from './debian-servers.ts';

interface Tool {
  readonly name: string;
  /** Debian's packages; none for what is not installed but unpacked. */
  readonly packages: readonly string[];
  readonly present: () => boolean;
}

const program = (name: string, debianPackage = name): Tool => ({
  name,
  packages: [debianPackage],
  present: () => isOnPath(name),
});

const debianServer = (name: DebianServer): Tool => ({
  name,
  packages: [],
  present: () => hasDebianServer(name),
});

export const tools: readonly Tool[] = [
  program('curl'),
  program('lftp'),
  program('rclone'),
  program('ncftpput', 'ncftp'),
  program('wget'),
  program('tnftp'),
  program('inetutils-ftp'),
  program('python3'),
  program('openssl'),
  program('strace'),
  {
    name: 'pyftpdlib',
    packages: ['python3-pyftpdlib', 'python3-openssl'],
    present: () => pythonWithFtpServer() !== undefined,
  },
  { name: 'aioftp', packages: ['python3-aioftp'], present: () => pythonWith('aioftp') !== undefined },
  {
    name: 'Net::FTP',
    packages: ['libio-socket-ssl-perl'],
    present: () => succeeds('perl', '-MNet::FTP', '-MIO::Socket::SSL', '-e', '1'),
  },
  debianServer('vsftpd'),
  debianServer('proftpd'),
  debianServer('pure-ftpd'),
];

export function pythonWithFtpServer(): string | undefined {
  return pythonWith('pyftpdlib, OpenSSL');
}

/** A Python that has these modules: Debian's own where another one stands before it on the path. */
export function pythonWith(modules: string): string | undefined {
  return ['python3', '/usr/bin/python3'].find((python) => succeeds(python, '-c', `import ${modules}`));
}

function succeeds(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** Whether the tests that need this program can run. Without it they count as not run. */
export function isPresent(name: string): boolean {
  return tools.some((tool) => tool.name === name && tool.present());
}

/**
 * Installs what is missing where that can be done (as root on Debian and its descendants).
 * @returns the names of what is still missing
 */
export function installTools(say: (line: string) => void): string[] {
  const missing = () => tools.filter((tool) => !tool.present());
  const wanted = missing();
  if (wanted.length > 0 && process.getuid?.() === 0 && isOnPath('apt-get')) {
    const packages = [...new Set(wanted.flatMap((tool) => tool.packages))];
    say(`installing ${wanted.map(({ name }) => name).join(', ')}`);
    const options = { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const;
    spawnSync('apt-get', ['update'], options); // Without fresh lists the installation says what is wrong.
    try {
      if (packages.length > 0)
        execFileSync('apt-get', ['install', '--yes', '--no-install-recommends', ...packages], options);
      if (wanted.some((tool) => tool.packages.length === 0)) installDebianServers();
    } catch (error) {
      say(`apt-get could not install them: ${error instanceof Error ? error.message : error}`);
    }
  }
  return missing().map(({ name }) => name);
}

function isOnPath(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));
}
