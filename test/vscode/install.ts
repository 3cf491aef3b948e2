/**
 * Brings a real VS Code and a Chromium into `.vscode-test/`, once, from npm packages alone: code-server holds
 * all of VS Code, @sparticuz/chromium a browser with the libraries it needs. Nothing is asked of the machine.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const CODE_SERVER = '4.139.1';
const root = resolve(import.meta.dirname, '../..');
const home = join(root, '.vscode-test', `code-server-${CODE_SERVER}`);
const vscode = join(home, 'node_modules/code-server/lib/vscode');
const chromium = join(root, '.vscode-test', 'chromium');

/** The program to run with Node: VS Code's own server, without code-server around it. */
export const serverMain = join(vscode, 'out/server-main.js');

/** Where VS Code puts what a run leaves behind; removed after each run. */
export const runs = join(root, '.vscode-test', 'runs');

/** How to launch the browser: ours on x64 Linux, elsewhere the Chrome that the machine has. */
export const browserLaunch =
  process.platform === 'linux' && process.arch === 'x64'
    ? {
        executablePath: join(chromium, 'chromium'),
        args: ['--no-sandbox'],
        env: {
          ...process.env,
          LD_LIBRARY_PATH: join(chromium, 'al2023/lib'),
          FONTCONFIG_PATH: join(chromium, 'fonts'),
        },
      }
    : { channel: 'chrome' };

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function run(command: string, args: readonly string[], cwd: string, env = process.env): Promise<void> {
  // On Windows npm is a `.cmd`, which only a shell starts.
  const child = spawn(command, args, { cwd, env, stdio: 'inherit', shell: process.platform === 'win32' });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}`);
}

const npm = (cwd: string, ...args: string[]): Promise<void> =>
  run('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], cwd);

async function installVSCode(): Promise<void> {
  const done = join(home, 'installed');
  if (await exists(done)) return;
  console.log(`Installing VS Code (code-server ${CODE_SERVER} from npm, about a minute) ...`);
  await rm(home, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  await writeFile(join(home, 'package.json'), '{"private":true}');
  await npm(home, 'install', `code-server@${CODE_SERVER}`, '--ignore-scripts');
  await npm(vscode, 'install', '--omit=dev', '--ignore-scripts');
  console.log("Building VS Code's logger (needs a C++ compiler) ...");
  await npm(vscode, 'rebuild', '@vscode/spdlog').catch((error: Error) =>
    console.log(`Without it VS Code works, but its output channels stay empty: ${error.message}`),
  );
  await writeFile(done, '');
}

async function installChromium(): Promise<void> {
  if (!('executablePath' in browserLaunch) || (await exists(chromium))) return;
  console.log('Unpacking Chromium ...');
  const staging = `${chromium}.${process.pid}`;
  await mkdir(staging, { recursive: true });
  // The package unpacks below the temporary folder; it adds its own libraries where it sees this variable.
  const unpack = "import('@sparticuz/chromium').then((chromium) => chromium.default.executablePath())";
  const env = { ...process.env, TMPDIR: staging, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' };
  await run(process.execPath, ['-e', unpack], root, env);
  await rename(staging, chromium).catch(async (error: Error) => {
    await rm(staging, { recursive: true, force: true });
    if (!(await exists(chromium))) throw error;
  });
}

/** Does nothing where everything is there. */
export async function install(browser: boolean): Promise<void> {
  await installVSCode();
  if (browser) await installChromium();
}
