/** The first minutes: each step of the walkthrough, its picture, its button, and what makes it done. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { describe, expect } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import words from '../../package.nls.json' with { type: 'json' };
import { test } from './fixture.ts';
import type { Workbench } from './workbench.ts';

const [walkthrough] = packageJson.contributes.walkthroughs;
const titles = ['start', 'upload', 'parts', 'drill', 'own'] as const;
type Step = (typeof titles)[number];

test.override('storageServers', 3);

/** All steps, in the walkthrough that is open. */
async function steps(window: Workbench): Promise<Locator> {
  const rows = window.page.locator('.getting-started-step');
  if (!(await rows.first().isVisible())) await window.run('SplitFTP: Open Walkthrough');
  await rows.first().waitFor();
  return rows;
}

/** Opens the walkthrough at a step, with its picture beside it. */
async function openStep(window: Workbench, step: Step, theme: string): Promise<Locator> {
  const row = (await steps(window)).filter({ hasText: words[`walkthrough.${step}.title`] });
  if (!(await row.locator('.step-description-container').isVisible())) await row.click();
  // While one step gives way to another, and beside the pool map, there are several webviews.
  const name = words[`walkthrough.${step}.picture`];
  const isShown = async () => {
    const pictures = window.page.frames().map((frame) => frame.getByRole('img', { name }).count());
    return (await Promise.allSettled(pictures)).some(
      (count) => count.status === 'fulfilled' && count.value > 0,
    );
  };
  await expect.poll(isShown, { timeout: 60_000 }).toBe(true);
  await window.picture(`45-walkthrough-${theme}-${step}`);
  return row;
}

async function press(window: Workbench, step: Step, theme: string, button: string): Promise<void> {
  await (await openStep(window, step, theme)).getByRole('button', { name: button }).click();
}

/** Which steps have their check mark. */
async function done(window: Workbench): Promise<Step[]> {
  const marks = (await steps(window)).locator('[role="checkbox"]');
  await expect.poll(() => marks.count()).toBe(titles.length);
  const checked = await marks.evaluateAll((all) =>
    all.map((mark) => mark.getAttribute('aria-checked') === 'true'),
  );
  return titles.filter((_, index) => checked[index]);
}

const expectDone = (window: Workbench, ...steps: Step[]): Promise<void> =>
  expect.poll(() => done(window), { timeout: 60_000 }).toEqual(steps);

test('the walkthrough has these steps', () => {
  expect(walkthrough?.steps.map(({ id }) => id)).toEqual(titles.map((step) => `splitftp.${step}`));
});

describe('in light, by its buttons', () => {
  test.override('settings', { 'splitftp.autoStart': false, 'workbench.colorTheme': 'Default Light Modern' });

  test('each button of the walkthrough does what it says, and what is canceled is not done', async ({
    openWindow,
    workspace,
  }) => {
    const file = join(workspace.folder, 'plans.pdf');
    await writeFile(file, Buffer.alloc(2_000_000, 'plans'));
    const window = await openWindow(({ files }) => files.getByText('The servers are stopped.'));
    // Wide enough for the pictures, which are beside the steps.
    await window.page.setViewportSize({ width: 1700, height: 900 });
    await expectDone(window);

    await press(window, 'start', 'light', 'Start Servers');
    await expectDone(window, 'start');

    await press(window, 'upload', 'light', 'Upload');
    await window.quickInput.getByRole('button', { name: 'Upload' }).waitFor();
    await window.page.keyboard.press('Escape');
    await expectDone(window, 'start');
    await press(window, 'upload', 'light', 'Upload');
    await window.answerPath(file, 'Upload');
    await window.toast('1 file (1.9 MB) uploaded to /').waitFor();
    await window.clearToasts();
    await expectDone(window, 'start', 'upload');

    await press(window, 'parts', 'light', 'Show Pool Map');
    await window.webview.getByText('/plans.pdf').waitFor();
    await expectDone(window, 'start', 'upload', 'parts');

    await press(window, 'drill', 'light', 'Start Drill');
    await window.dialog.getByRole('button', { name: 'Cancel' }).click();
    await expectDone(window, 'start', 'upload', 'parts');
    await press(window, 'drill', 'light', 'Start Drill');
    await window.dialog.getByRole('button', { name: 'Start Drill' }).click();
    await window.toast('Drill passed').waitFor({ timeout: 180_000 });
    await window.clearToasts();
    await expectDone(window, 'start', 'upload', 'parts', 'drill');

    await press(window, 'own', 'light', 'Add Storage Server');
    await window.pick('A folder of this machine');
    await window.quickInput.getByRole('button', { name: 'Store Parts Here' }).waitFor();
    await window.page.keyboard.press('Escape');
    await expectDone(window, 'start', 'upload', 'parts', 'drill');
    const otherDisk = join(workspace.folder, 'other disk');
    await mkdir(otherDisk);
    await press(window, 'own', 'light', 'Add Storage Server');
    await window.pick('A folder of this machine');
    await window.answerFolder(otherDisk, 'Store Parts Here');
    await window.toast('New files get layout 3+1.').waitFor();
    await expectDone(window, ...titles);
  });
});

describe('in dark, in other ways', () => {
  test.override('settings', { 'workbench.colorTheme': 'Default Dark Modern' });

  test('the steps of the walkthrough are done however they were begun', async ({ openWindow, workspace }) => {
    await writeFile(join(workspace.folder, 'plans.pdf'), Buffer.alloc(2_000_000, 'plans'));
    const window = await openWindow();
    await window.page.setViewportSize({ width: 1700, height: 900 });
    await window.menu(window.local('plans.pdf'), 'Upload to SplitFTP');
    await window.toast('1 file (1.9 MB) uploaded to /').waitFor();
    await window.run('SplitFTP: Show Pool Map');
    await window.webview.getByText('/plans.pdf').waitFor();
    await window.run('SplitFTP: Drill');
    await window.dialog.getByRole('button', { name: 'Start Drill' }).click();
    await window.toast('Drill passed').waitFor({ timeout: 180_000 });
    await window.clearToasts();
    // The servers have started by themselves.
    await expectDone(window, 'start', 'upload', 'parts', 'drill');
    for (const step of titles) await openStep(window, step, 'dark');
  });
});
