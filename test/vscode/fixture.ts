/**
 * What tests of VS Code are given. A test asks for things by their names, has its own, and leaves nothing of them
 * behind. `test.override('storageServers', 3)` changes what the tests of a file, or of a `describe`, get.
 */
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, test as base, beforeAll, vi } from 'vitest';
import { SplitClient } from '../../src/client/split-client.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { runInside } from './inside.ts';
import { browserLaunch, install, root } from './install.ts';
import { startVSCode, type VSCodeOptions } from './vscode.ts';
import { Workbench } from './workbench.ts';
import { createWorkspace } from './workspace.ts';

// Only what hangs takes as long: whatever is waited for in a window may take a minute.
vi.setConfig({ testTimeout: 600_000 });

let browser: Browser;

beforeAll(async () => {
  await install(true);
  browser = await chromium.launch(browserLaunch);
}, 600_000);
afterAll(() => browser.close());

export const installed: VSCodeOptions = { vsix: join(root, 'splitftp.vsix') };
const settings: NonNullable<VSCodeOptions['settings']> = {};

export const test = base
  .extend('storageServers', 2)
  /** More lines of the `.env`. */
  .extend('variables', '')
  .extend('workspace', async ({ storageServers, variables }, { onCleanup }) => {
    const workspace = await createWorkspace(storageServers, variables);
    onCleanup(workspace.remove);
    return workspace;
  })
  .extend('configuration', ({ workspace }) =>
    loadConfiguration({ envFile: join(workspace.folder, '.env'), environment: {} }),
  )
  /** Somebody else, with another FTP client: sees what is stored without the extension. */
  .extend('client', ({ configuration }, { onCleanup }) => {
    const client = new SplitClient(configuration.coordinator);
    onCleanup(() => client.close());
    return client;
  })
  .extend('options', installed)
  .extend('settings', settings)
  .extend('code', async ({ options, settings }, { onCleanup }) => {
    const code = await startVSCode({ ...options, settings });
    onCleanup(code.stop);
    return code;
  })
  .extend('newPage', ({ task }, { onCleanup }) => {
    const pages: Page[] = [];
    onCleanup(async () => {
      for (const [index, page] of pages.entries()) {
        if (page.isClosed()) continue;
        if (task.result?.state === 'fail')
          await new Workbench(page).picture(`failed ${task.name} ${index + 1}`);
        await page.close();
      }
    });
    return async () => {
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      page.setDefaultTimeout(60_000);
      pages.push(page);
      return page;
    };
  })
  /** Opens the workspace in a new window, and waits until its servers run, or until it shows something else. */
  .extend('openWindow', ({ workspace, code, newPage }) => {
    return async (
      see = (window: Workbench) => window.files.getByText('Nothing is stored yet'),
      opened = workspace.folder,
    ) => {
      const window = new Workbench(await newPage());
      await window.open(code.url(opened));
      await window.expandFiles();
      await see(window).waitFor();
      return window;
    };
  })
  /** Opens a window whose extension host runs a test of `inside/`. */
  .extend('runInside', ({ workspace, code, newPage }) => {
    return async (name: string, extension?: string) =>
      runInside(code, await newPage(), workspace, name, extension);
  });
