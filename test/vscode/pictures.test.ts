/**
 * The README's pictures: the installed extension with files in it, dark and light. They are taken in `.test-results/`,
 * and with UPDATE_PICTURES=1 they become those of the README.
 */
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SplitClient } from '../../src/client/split-client.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { browserLaunch, install } from './install.ts';
import { startVSCode } from './vscode.ts';
import { createWorkspace, root } from './window.ts';
import { Workbench } from './workbench.ts';

let browser: Browser;

beforeAll(async () => {
  await install(true);
  browser = await chromium.launch(browserLaunch);
}, 600_000);
afterAll(() => browser.close());

/** Files as somebody has them, in KB. */
const folders: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  contracts: { 'lease 2026.pdf': 812, 'insurance.pdf': 1_240 },
  photos: {
    'coast at dusk.jpg': 4_310,
    'harbour.jpg': 3_875,
    'lighthouse.jpg': 5_120,
    'old town.jpg': 2_964,
  },
  recordings: { 'interview, part 1.flac': 38_400, 'interview, part 2.flac': 41_200 },
};

test.each([
  ['Default Dark Modern', 'dark'],
  ['Default Light Modern', 'light'],
])('the window in %s', { timeout: 400_000 }, async (theme, name) => {
  const workspace = await createWorkspace(4);
  const envFile = join(workspace.folder, '.env');
  const client = new SplitClient((await loadConfiguration({ envFile, environment: {} })).coordinator);
  const code = await startVSCode({
    vsix: join(root, 'splitftp.vsix'),
    settings: { 'workbench.colorTheme': theme, 'window.commandCenter': false },
  });
  const page = await browser.newPage({ viewport: { width: 1200, height: 750 } });
  page.setDefaultTimeout(60_000);
  const window = new Workbench(page);
  try {
    await window.open(code.url(workspace.folder));
    await window.expandFiles();
    await window.files.getByText('Nothing is stored yet').waitFor();
    const local = join(workspace.parent, 'local');
    for (const [folder, files] of Object.entries(folders)) {
      await mkdir(join(local, folder), { recursive: true });
      for (const [file, kilobytes] of Object.entries(files)) {
        await writeFile(join(local, folder, file), Buffer.alloc(kilobytes * 1024, file));
      }
      await client.upload([join(local, folder)], '/');
    }
    // Holes on the disk: large, and quickly made.
    const film = await open(join(workspace.folder, 'summer film.mov'), 'w');
    await film.truncate(6 * 1024 ** 3);
    await film.close();
    await window.menu(window.local('summer film.mov'), 'Upload to SplitFTP');
    await window.pick('Upload to /');
    await window.openContainer();
    const stored = (row: string) => window.stored.locator('.monaco-list-row', { hasText: row });
    await window.openFolder('photos', 'harbour.jpg', (row) => stored(row));
    await window.run('SplitFTP: Show Pool Map');
    const map = page.frameLocator('iframe.webview').frameLocator('iframe');
    await map.getByText('/photos/harbour.jpg').waitFor();
    await window
      .transfer('summer film.mov')
      .getByText(/MB.*\/s, .* left/)
      .waitFor();
    await page.mouse.move(700, 740);
    await window.picture(`70-readme-${name}`);
    if (process.env.UPDATE_PICTURES)
      await writeFile(join(root, `media/window-${name}.webp`), await webp(page));
    await window.menu(window.transfer('summer film.mov'), 'Cancel');
    expect((await client.list('/')).map((entry) => entry.name)).toEqual(Object.keys(folders));
  } finally {
    await page.close();
    client.close();
    await code.stop();
    await workspace.remove();
  }
});

/** A tenth of a PNG's size, and what a browser makes by itself. */
async function webp(page: Page): Promise<Buffer> {
  const png = (await page.screenshot()).toString('base64');
  const converter = await browser.newPage();
  // In the page's own words: this program has no such classes.
  const url = await converter.evaluate(`(async () => {
    const image = new Image();
    image.src = 'data:image/png;base64,${png}';
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = image.width;
    canvas.height = image.height;
    canvas.getContext('2d').drawImage(image, 0, 0);
    return canvas.toDataURL('image/webp', 0.9);
  })()`);
  await converter.close();
  return Buffer.from(String(url).replace('data:image/webp;base64,', ''), 'base64');
}
