/**
 * Brings a real VS Code and a Chromium into `.vscode-test/`, once, from npm packages alone: code-server holds
 * all of VS Code, @sparticuz/chromium a browser with the libraries it needs. Nothing is asked of the machine.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const CODE_SERVER = '4.139.1';
export const root = resolve(import.meta.dirname, '../..');
const home = join(root, '.vscode-test', `code-server-${CODE_SERVER}`);
const inside = 'node_modules/code-server/lib/vscode';
const chromium = join(root, '.vscode-test', 'chromium');

/** The program to run with Node: VS Code's own server, without code-server around it. */
export const serverMain = join(home, inside, 'out/server-main.js');

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
  if (await exists(home)) return;
  console.log(`Installing VS Code (code-server ${CODE_SERVER} from npm, about a minute) ...`);
  await installWhole(home, async (staging) => {
    await writeFile(join(staging, 'package.json'), '{"private":true}');
    await npm(staging, 'install', `code-server@${CODE_SERVER}`, '--ignore-scripts');
    const vscode = join(staging, inside);
    await npm(vscode, 'install', '--omit=dev', '--ignore-scripts');
    console.log("Building VS Code's logger ...");
    await npm(vscode, 'rebuild', '@vscode/spdlog').catch(() =>
      console.log('It needs a C++ compiler: VS Code works without it, but its output channels stay empty.'),
    );
  });
}

async function installChromium(): Promise<void> {
  if (!('executablePath' in browserLaunch) || (await exists(chromium))) return;
  console.log('Unpacking Chromium ...');
  // The package unpacks below the temporary folder; it adds its own libraries where it sees this variable.
  const unpack = "import('@sparticuz/chromium').then((chromium) => chromium.default.executablePath())";
  await installWhole(chromium, (staging) => {
    const env = { ...process.env, TMPDIR: staging, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' };
    return run(process.execPath, ['-e', unpack], root, env);
  });
}

/** Fills a folder beside the target and renames it when all is there: a half installation is never used. */
async function installWhole(target: string, fill: (staging: string) => Promise<void>): Promise<void> {
  const staging = `${target}.${process.pid}`;
  await mkdir(staging, { recursive: true });
  try {
    await fill(staging);
    await rename(staging, target);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    // Two test processes may install at once: the second finds it done.
    if (!(await exists(target))) throw error;
  }
}

/** Does nothing where everything is there. */
export async function install(browser: boolean): Promise<void> {
  await installVSCode();
  if (browser) await installChromium();
}
