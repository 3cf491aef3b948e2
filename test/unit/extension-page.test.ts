/** The README of the extension's page in VS Code, where nothing beside it can be reached. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { extensionPage } from '../../build/extension-page.ts';

const page = extensionPage(readFileSync(resolve(import.meta.dirname, '../../README.md'), 'utf8'));

test('nothing on the page of the extension leads to a file', () => {
  const links = [...page.matchAll(/\]\(([^)]*)\)|(?:src|srcset|href)="([^"]*)"/g)].map(
    ([, link, source]) => link ?? source ?? '',
  );
  expect(links.filter((link) => !/^(?:https:\/\/|#)/.test(link))).toEqual([]);
  const anchors = [...page.matchAll(/^#+ (.+)$/gm)].map(
    ([, title = '']) => `#${title.toLowerCase().replaceAll(' ', '-')}`,
  );
  for (const link of links.filter((one) => one.startsWith('#'))) expect(anchors).toContain(link);
});

test('the page is whole for whoever has the extension, and has nothing for whoever has a clone', () => {
  expect(page).toMatch(/^# SplitFTP\n\nSplitFTP turns several FTP servers into one drive/);
  for (const title of ['In VS Code', 'Lose servers, not files', 'Settings and commands of the extension'])
    expect(page).toContain(`\n## ${title}\n`);
  expect(page).toMatch(/\nMIT license\.\n$/);
  expect(page).not.toMatch(/npm ci|npm start/);
});
