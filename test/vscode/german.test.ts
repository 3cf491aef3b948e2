/** A window in German, as narrow as people make it, with everything in it that SplitFTP says. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { installed, test } from './fixture.ts';
import type { Workbench } from './workbench.ts';

test.override('storageServers', 3);
test.override('options', { ...installed, language: 'de' });
test.override('settings', { 'workbench.colorTheme': 'Default High Contrast' });

const servers = (window: Workbench) =>
  window.page.locator('.pane', { has: window.page.getByLabel('Server Section', { exact: true }) });
const server = (window: Workbench, name: string) =>
  servers(window).locator('.monaco-list-row', { hasText: name });

/** Makes the side bar so wide, in pixels. */
async function widenSideBar({ page }: Workbench, width: number): Promise<void> {
  const box = await page.locator('.part.sidebar').boundingBox();
  if (box === null) throw new Error('There is no side bar.');
  await page.mouse.move(box.x + box.width + 2, box.y + 300);
  await page.mouse.down();
  await page.mouse.move(box.x + width, box.y + 300, { steps: 5 });
  await page.mouse.up();
  await expect
    .poll(async () => (await page.locator('.part.sidebar').boundingBox())?.width, { timeout: 60_000 })
    .toBeLessThan(width + 20);
}

test('what is said is German, is readable in a narrow window, and tells what is wrong with the pool', async ({
  openWindow,
  workspace,
  client,
}) => {
  const window = await openWindow(({ files }) => files.getByText('Noch ist nichts gespeichert'));
  const name = 'ein_Name_so_lang_und_ohne_Leerzeichen_wie_ihn_Programme_manchmal_machen.txt';
  await mkdir(join(workspace.folder, 'Urlaub'));
  await writeFile(join(workspace.folder, 'Urlaub', name), Buffer.alloc(2_000_000, 'x'));
  await client.upload([join(workspace.folder, 'Urlaub')], '/');
  await window.page
    .locator('.activitybar .action-item', { has: window.page.locator('[aria-label^="SplitFTP"]') })
    .click();
  await server(window, 'Speicherserver 3').getByText('läuft, 1 Teil,').waitFor();
  await server(window, 'Koordinator').getByText('2+1, 1 Datei,').waitFor();
  await server(window, 'Prüfung').getByText('3 von 3 geprüft').waitFor();

  await window.run('SplitFTP: Show Pool Map');
  await window.webview.getByText('Dateien: 1. Ganz: 1, beeinträchtigt: 0, nicht lesbar: 0.').waitFor();
  await window.page.setViewportSize({ width: 760, height: 800 });
  const page = window.webview.locator('html');
  // Nothing is cut off at its side.
  await expect
    .poll(
      () => page.evaluate(({ scrollWidth, clientWidth }) => [scrollWidth - clientWidth, clientWidth < 420]),
      { timeout: 60_000 },
    )
    .toEqual([0, true]);
  await window.picture('48-german-map');
  await window.page.setViewportSize({ width: 1280, height: 800 });

  await widenSideBar(window, 200);
  await window.inline(server(window, 'Speicherserver 3'), 'Speicherserver anhalten');
  await server(window, 'Speicherserver 3').getByText('ausgefallen').waitFor();
  await window.webview.getByText('beeinträchtigt: 1, nicht lesbar: 0.').waitFor();
  const item = window.page.locator(
    '#splitftp\\.splitftp\\.splitftp\\.servers, [id*="splitftp.servers"].statusbar-item',
  );
  await expect
    .poll(() => item.locator('[aria-label]').first().getAttribute('aria-label'), { timeout: 60_000 })
    .toMatch(
      /^SplitFTP: Die Server laufen\. Speicherserver 3 ist ausgefallen: .*Dateien: beeinträchtigt: 1\./,
    );
  await item.hover();
  await window.page.getByText('Speicherserver 3 ist ausgefallen').first().waitFor();
  await window.picture('48-german-trouble');

  const rows = servers(window).locator('.monaco-list-row');
  const said = await rows.evaluateAll((all) => all.map((row) => row.getAttribute('aria-label') ?? ''));
  expect(said).toHaveLength(6);
  // Why a server is down, the coordinator says in English.
  const own = said.map((label) => label.replace(/\b(?:nothing listens|storage server \d).*/, ''));
  const english = /\b(?:servers?|files?|parts?|free|up|down|missing|verified|nothing|repair|errors)\b/i;
  expect(own.filter((label) => english.test(label))).toEqual([]);
});
