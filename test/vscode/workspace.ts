/** Folders that tests open in VS Code. */
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../ports.ts';

export interface Workspace {
  readonly folder: string;
  /** Around it, for what the tests need themselves. */
  readonly parent: string;
  readonly port: number;
  /** Makes a file of holes: large, and quickly made. */
  makeLarge(name: string, gigabytes: number): Promise<void>;
  remove(): Promise<void>;
}

/** A folder with the seeds' `.env` on free ports. @param more lines of it */
export async function createWorkspace(storageServers: number, more: string): Promise<Workspace> {
  const parent = await mkdtemp(join(tmpdir(), 'splitftp-vscode-'));
  const folder = join(parent, 'my project');
  await mkdir(folder);
  const [port = 0] = await freePorts(storageServers + 1);
  const numbers = Array.from({ length: storageServers }, (_, index) => index + 1);
  const account = (number: string) =>
    `FTP_USER${number}=user${number}\nFTP_PASSWORD${number}=secret word ${number}\n`;
  const ports = [`FTP_PORT=${port}\n`, ...numbers.map((number) => `FTP_PORT${number}=${port + number}\n`)];
  const rest = `FTP_SERVER_DIR=server_folder\nFTP_SERVER=127.0.0.1\n${more}`;
  await writeFile(
    join(folder, '.env'),
    ['', ...numbers.map(String)].map(account).join('') + ports.join('') + rest,
  );
  const makeLarge = async (name: string, gigabytes: number) => {
    const file = await open(join(folder, name), 'w');
    await file.truncate(gigabytes * 1024 ** 3);
    await file.close();
  };
  const remove = () => rm(parent, { recursive: true, force: true, maxRetries: 5 });
  return { folder, parent, port, makeLarge, remove };
}
