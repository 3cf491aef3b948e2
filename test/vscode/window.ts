/** Windows of a VS Code, and tests inside their extension hosts. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { freePorts } from '../ports.ts';
import { remoteUri, type VSCode } from './vscode.ts';

export const root = resolve(import.meta.dirname, '../..');

export interface Workspace {
  readonly folder: string;
  /** Around it, for what the tests need themselves. */
  readonly parent: string;
  readonly port: number;
  remove(): Promise<void>;
}

/** A folder with the seeds' `.env` on free ports. @param more lines of it */
export async function createWorkspace(storageServers = 2, more = ''): Promise<Workspace> {
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
  return { folder, parent, port, remove: () => rm(parent, { recursive: true, force: true, maxRetries: 5 }) };
}

/**
 * Opens a window whose extension host runs a test of `inside/`.
 * @returns settles when that test's `run()` has ended; rejects with what it logged when it failed.
 */
export async function runInside(
  code: VSCode,
  browser: Browser,
  { folder, parent }: Workspace,
  test: string,
): Promise<{ readonly ended: Promise<void> }> {
  const outfile = join(parent, `${test}.cjs`);
  await build({
    entryPoints: [join(import.meta.dirname, 'inside', `${test}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['vscode'],
    logLevel: 'error',
  });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const messages: string[] = [];
  const exit = Promise.withResolvers<number>();
  await page.exposeFunction('codeAutomationExit', exit.resolve);
  await page.exposeFunction('codeAutomationLog', (type: string, args: unknown[]) => {
    if (type === 'error') messages.push(args.join(' '));
  });
  const payload = { extensionDevelopmentPath: remoteUri(root), extensionTestsPath: remoteUri(outfile) };
  await page.goto(code.url(folder, payload));
  const ended = exit.promise.then((status) => {
    if (status !== 0) throw new Error(`${test} failed:\n${messages.join('\n')}`);
  });
  // Whoever ends the extension host on purpose does not wait for the test.
  ended.catch(() => {});
  return { ended };
}

/** What a test inside the extension host has reported, as soon as it has. */
export async function reported(workspace: string, name: string, seconds = 60): Promise<unknown> {
  for (const deadline = Date.now() + seconds * 1000; ; await delay(100)) {
    const text = await readFile(join(workspace, name), 'utf8').catch(() => undefined);
    if (text !== undefined) return JSON.parse(text);
    if (Date.now() > deadline) throw new Error(`No ${name} within ${seconds} s`);
  }
}

/** Processes cannot be awaited that are not one's own children. */
export async function untilGone(pids: readonly number[], seconds = 15): Promise<void> {
  for (const deadline = Date.now() + seconds * 1000; ; await delay(100)) {
    const left = pids.filter(isRunning);
    if (left.length === 0) return;
    if (Date.now() > deadline) throw new Error(`Processes ${left.join(', ')} are still running`);
  }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
