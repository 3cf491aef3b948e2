import { randomBytes } from 'node:crypto';
import { link, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { homedir, platform } from 'node:os';
import { join, resolve } from 'node:path';
import { isOwnEnvFile, type Variables } from './env-file.ts';

/** The user's folder for SplitFTP's data. */
export function dataFolder(environment: Variables = process.env): string {
  if (platform() === 'win32') {
    return join(environment.LOCALAPPDATA || join(homedir(), 'AppData', 'Local'), 'SplitFTP');
  }
  if (platform() === 'darwin') return join(homedir(), 'Library', 'Application Support', 'SplitFTP');
  return join(environment.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'splitftp');
}

/**
 * The configuration of a person who has none: an `.env` with random passwords and three storage servers,
 * generated on first use, readable for its owner only; the servers' folders are beside it.
 * @returns its path.
 */
export async function defaultConfigurationFile(environment: Variables = process.env): Promise<string> {
  const folder = dataFolder(environment);
  const path = join(folder, '.env');
  if (await exists(path)) return path;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = join(folder, `.env.${randomBytes(6).toString('hex')}`);
  try {
    await writeFile(draft, generate(), { mode: 0o600, flag: 'wx' });
    // Linking fails where the file exists: of two first uses at once both see the same, whole file.
    await link(draft, path).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
  return path;
}

/**
 * The `.env` file that a command without `--env` uses: the one in the folder when it is SplitFTP's (others
 * have such files too), else the generated one.
 */
export async function findConfigurationFile(
  folder: string,
  environment: Variables = process.env,
): Promise<string> {
  const path = resolve(folder, '.env');
  return (await isOwnEnvFile(path)) ? path : defaultConfigurationFile(environment);
}

function generate(): string {
  const account = (number: '' | 1 | 2 | 3) =>
    `FTP_USER${number}=splitftp\nFTP_PASSWORD${number}=${randomBytes(18).toString('base64url')}\n`;
  return `# SplitFTP: the coordinator and its three storage servers, generated on first use.
# Any FTP client can log in to the coordinator with this user and password.
FTP_HOST=127.0.0.1
FTP_PORT=2121
${account('')}FTP_SERVER_DIR=server_folder

# The storage servers, each with a part of every file. Any one of them may be lost.
FTP_SERVER=127.0.0.1
FTP_PORT1=2122
${account(1)}FTP_STORAGE_DIR1=storage_folder1

FTP_PORT2=2123
${account(2)}FTP_STORAGE_DIR2=storage_folder2

FTP_PORT3=2124
${account(3)}FTP_STORAGE_DIR3=storage_folder3
`;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    (error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
      throw error;
    },
  );
}
