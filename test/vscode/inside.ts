/** Tests that run inside the extension host of a window, and what they report. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { root } from './install.ts';
import { remoteUri, type VSCode } from './vscode.ts';
import type { Workspace } from './workspace.ts';

/**
 * Opens a window whose extension host runs a test of `inside/`.
 * @param extension the folder of the extension that is tested
 * @returns settles when that test's `run()` has ended; rejects with what it logged when it failed.
 */
export async function runInside(
  code: VSCode,
  page: Page,
  { folder, parent }: Workspace,
  test: string,
  extension = root,
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
  const messages: string[] = [];
  const exit = Promise.withResolvers<number>();
  await page.exposeFunction('codeAutomationExit', exit.resolve);
  await page.exposeFunction('codeAutomationLog', (type: string, args: unknown[]) => {
    if (type === 'error') messages.push(args.join(' '));
  });
  const payload = { extensionDevelopmentPath: remoteUri(extension), extensionTestsPath: remoteUri(outfile) };
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
