/** A running VS Code server and windows of it, each with data folders of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { freePorts } from '../ports.ts';
import { runs, serverMain } from './install.ts';

export interface VSCode {
  /** The page that opens a folder, or a `.code-workspace` file, in a new window. */
  url(folder: string, payload?: Readonly<Record<string, string>>): string;
  /** Process ids of the extension hosts that are running, oldest first. */
  readonly extensionHosts: ReadonlySet<number>;
  /** Installs an extension, or another version of it, as a user would; windows that are opened later have it. */
  installExtension(vsix: string): Promise<void>;
  /** Ends everything that was started and removes its data. */
  stop(): Promise<void>;
}

export interface VSCodeOptions {
  /** Installed as a user would. */
  readonly vsix?: string;
  /** The folder of an extension, linked instead of installed. */
  readonly extension?: string;
  readonly onExtensionHost?: () => void;
  /** Machine settings. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** All folders are trusted, unless a test is about trust. */
  readonly trust?: boolean;
  /** Lets a page run tests inside the extension host. */
  readonly testDriver?: boolean;
  /** The display language; VS Code's own texts stay English, since no registry of packages has its language packs. */
  readonly language?: string;
  readonly port?: number;
}

/** The URI under which a window of this server knows a file of this machine. */
export const remoteUri = (path: string): string => `vscode-remote://remote${pathToFileURL(path).pathname}`;

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    const gone = error instanceof Error && 'code' in error && error.code === 'ESRCH';
    if (!gone) throw error;
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** Without what would only stand in the way, or in the pictures. */
const quiet = {
  'chat.disableAIFeatures': true,
  'git.openRepositoryInParentFolders': 'never',
  'remote.autoForwardPorts': false,
  'security.workspace.trust.startupPrompt': 'never',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
};

/** As an installed language pack would, without a single text of its own. */
async function addLanguage(language: string, data: string): Promise<void> {
  const texts = join(data, `${language}.json`);
  await writeFile(texts, JSON.stringify({ contents: {} }));
  const extension = { extensionIdentifier: { id: `test.language-pack-${language}` }, version: '1.0.0' };
  const pack = { hash: 'none', label: language, extensions: [extension], translations: { vscode: texts } };
  await writeFile(join(data, 'languagepacks.json'), JSON.stringify({ [language]: pack }));
}

export async function startVSCode(options: VSCodeOptions = {}): Promise<VSCode> {
  await mkdir(runs, { recursive: true });
  const data = await mkdtemp(join(runs, 'vscode-'));
  // Of its own, since VS Code leaves its sockets there; and with a short path, since the path of a socket has 108 bytes.
  const temporary = await mkdtemp(join(tmpdir(), 'splitftp-code-'));
  const env = {
    ...process.env,
    TMPDIR: temporary,
    XDG_RUNTIME_DIR: temporary,
    // An extension that a user starts for the first time is compiled.
    NODE_COMPILE_CACHE: undefined,
  };
  const remove = async () => {
    for (const folder of [data, temporary])
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  const extensions = join(data, 'extensions');
  const settings = { ...quiet, ...options.settings };
  await mkdir(join(data, 'data/Machine'), { recursive: true });
  await mkdir(extensions);
  await writeFile(join(data, 'data/Machine/settings.json'), JSON.stringify(settings));

  if (options.language !== undefined) await addLanguage(options.language, join(data, 'data'));

  const [free = 0] = await freePorts(1);
  const port = options.port ?? free;
  const common = ['--server-data-dir', data, '--extensions-dir', extensions, '--accept-server-license-terms'];
  const installExtension = async (vsix: string) => {
    const installing = spawn(process.execPath, [serverMain, ...common, '--install-extension', vsix], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env,
    });
    await ended(installing);
    if (installing.exitCode !== 0) throw new Error(`VS Code could not install ${vsix}`);
  };
  if (options.vsix !== undefined) {
    await installExtension(options.vsix).catch(async (error: Error) => {
      await remove();
      throw error;
    });
  }

  if (options.extension !== undefined) {
    await symlink(options.extension, join(extensions, 'extension-under-development'), 'junction');
  }

  const server = spawn(
    process.execPath,
    [
      serverMain,
      ...common,
      ...['--host', '127.0.0.1', '--port', String(port), '--without-connection-token', '--disable-telemetry'],
      ...(options.trust === false ? [] : ['--disable-workspace-trust']),
      ...(options.language === undefined ? [] : ['--locale', options.language]),
      ...(options.testDriver ? ['--enable-smoke-test-driver'] : []),
    ],
    { stdio: ['ignore', 'pipe', 'ignore'], env },
  );
  const extensionHosts = new Set<number>();
  const listening = Promise.withResolvers<void>();
  server.once('exit', (code) => listening.reject(new Error(`VS Code ended with ${code}`)));
  createInterface(server.stdout).on('line', (line) => {
    if (line.includes('agent started')) listening.resolve();
    const [, pid, launched] = /<(\d+)> (Launched )?Extension Host Process/.exec(line) ?? [];
    if (pid === undefined) return;
    if (launched === undefined) extensionHosts.delete(Number(pid));
    else {
      extensionHosts.add(Number(pid));
      options.onExtensionHost?.();
    }
  });
  const stop = async () => {
    server.kill();
    await ended(server);
    // An extension host notices the end of its server late, if it was still starting not at all.
    for (const pid of extensionHosts) endProcess(pid);
    await remove();
  };
  await listening.promise.catch(async (error: Error) => {
    await stop();
    throw error;
  });
  return {
    url: (folder, payload = {}) => {
      const url = new URL(`http://127.0.0.1:${port}/`);
      const kind = folder.endsWith('.code-workspace') ? 'workspace' : 'folder';
      url.searchParams.set(kind, decodeURIComponent(pathToFileURL(folder).pathname));
      if (Object.keys(payload).length > 0)
        url.searchParams.set('payload', JSON.stringify(Object.entries(payload)));
      return url.href;
    },
    extensionHosts,
    installExtension,
    stop,
  };
}
