/**
 * `npm start`: a real VS Code with the extension and its servers running. The desktop's `code` where there is
 * one, else the same VS Code in the browser. Ends with Ctrl-C.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Configuration } from '../../src/config/configuration.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { LocalServers } from '../../src/servers/local-servers.ts';
import { freePorts } from '../ports.ts';
import { install } from './install.ts';
import { startVSCode } from './vscode.ts';

const root = resolve(import.meta.dirname, '../..');
const workspace = join(root, '.vscode-test', 'demo');
/** So many that one may be stopped, and everything is read all the same. */
const storageServers = 3;

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => ending.abort());
const asked = once(ending.signal, 'abort');

console.log(
  `Preparing a workspace with an .env of ${storageServers} storage servers and the coordinator in ${workspace} ...`,
);
const configuration = await prepareWorkspace();
await (hasDesktopCode() ? runDesktop() : runInBrowser());

async function prepareWorkspace(): Promise<Configuration> {
  await mkdir(workspace, { recursive: true });
  await copyFile(join(root, 'LICENSE'), join(workspace, 'try to upload me.txt'));
  const [port = 0] = await freePorts(1 + storageServers);
  const password = () => randomBytes(18).toString('base64url');
  const envFile = join(workspace, '.env');
  const variables: Record<string, string | number> = {
    FTP_USER: 'demo',
    FTP_PASSWORD: password(),
    FTP_PORT: port,
    FTP_SERVER_DIR: 'server_folder',
    FTP_SERVER: '127.0.0.1',
  };
  for (let number = 1; number <= storageServers; number++) {
    variables[`FTP_USER${number}`] = `storage${number}`;
    variables[`FTP_PASSWORD${number}`] = password();
    variables[`FTP_PORT${number}`] = port + number;
  }
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  await writeSecret(envFile, lines.join(''));
  const loaded = await loadConfiguration({ envFile, environment: {} });
  const { user, password: secret } = loaded.coordinator.account;
  await writeSecret(netrc(), `machine 127.0.0.1 login ${user} password ${secret}\n`);
  return loaded;
}

/** A file that only its owner can read. */
async function writeSecret(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  await chmod(path, 0o600);
}

function netrc(): string {
  return join(root, '.vscode-test', 'demo.netrc');
}

function hasDesktopCode(): boolean {
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return false;
  return spawnSync('code', ['--version'], { shell: process.platform === 'win32' }).status === 0;
}

async function runDesktop(): Promise<void> {
  console.log('Opening VS Code ...');
  const args = ['--new-window', '--wait', '--disable-workspace-trust', `--extensionDevelopmentPath=${root}`];
  const data = [`--user-data-dir=${join(root, '.vscode-test', 'desktop')}`];
  const code = spawn('code', [...args, ...data, workspace], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  const closed = once(code, 'exit');
  await Promise.race([untilAnswering(), closed, asked]);
  tell('VS Code is open, with the extension and its servers running.');
  await Promise.race([closed, asked]);
  code.kill();
}

/** In the browser an extension starts with the first window: until then its servers run from here. */
async function runInBrowser(): Promise<void> {
  await install(false);
  const failed = Promise.withResolvers<never>();
  const servers = new LocalServers({
    programs: { storage: join(root, 'dist/storage.js'), coordinator: join(root, 'dist/coordinator.js') },
    onLine: () => {},
    onExit: (server, message) => failed.reject(new Error(`${server}: ${message}`)),
  });
  console.log('Starting the storage servers and the coordinator ...');
  await servers.start(configuration);
  console.log('Starting VS Code ...');
  const code = await startVSCode({
    extension: root,
    onExtensionHost: () => {
      if (servers.pids.length > 0) console.log('A window opens: its extension runs the servers from now on.');
      servers.stop().catch(failed.reject);
    },
  });
  try {
    tell(`Open this page, it is VS Code with the extension:\n\n    ${code.url(workspace)}`);
    await Promise.race([asked, failed.promise]);
  } finally {
    console.log('Ending ...');
    await code.stop();
    await servers.stop();
    await rm(netrc(), { force: true });
  }
}

function tell(how: string): void {
  const { host, port, account } = configuration.coordinator;
  console.log(`
${how}

The files are at ftp://${account.user}@${host}:${port}/ as well. Try it from another terminal:

    curl --netrc-file "${netrc()}" -T README.md ftp://${host}:${port}/
    curl --netrc-file "${netrc()}" ftp://${host}:${port}/

Ctrl-C ends everything.
`);
}

/** Waits for the coordinator that the extension starts. */
async function untilAnswering(): Promise<void> {
  const { host, port } = configuration.coordinator;
  while (!ending.signal.aborted) {
    const socket = connect({ host, port });
    const answers = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (answers) return;
    await delay(300);
  }
}
