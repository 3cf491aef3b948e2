import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as v from 'valibot';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const read = (name: string) => readFileSync(resolve(root, name), 'utf8');
const readme = read('README.md');

const { contributes } = v.parse(
  v.object({
    contributes: v.object({
      commands: v.array(v.object({ title: v.string() })),
      configuration: v.object({ properties: v.record(v.string(), v.unknown()) }),
    }),
  }),
  JSON.parse(read('package.json')),
);
const words = v.parse(v.record(v.string(), v.string()), JSON.parse(read('package.nls.json')));

test('the README has every command', () => {
  const titles = contributes.commands.map(({ title }) => words[title.slice(1, -1)] ?? title);
  expect(titles.filter((title) => !readme.includes(title))).toEqual([]);
});

test('the README has every setting', () => {
  const settings = Object.keys(contributes.configuration.properties);
  expect(settings.length).toBeGreaterThan(5);
  expect(settings.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});

test('what the README links to is there', () => {
  const links = [...readme.matchAll(/(?:\]\(|(?:src|srcset)=")([^)"#:]+)[)"]/g)].map(([, link = '']) => link);
  expect(links.length).toBeGreaterThan(5);
  expect(links).toContain('media/window-light.webp');
  expect(links.filter((link) => !existsSync(resolve(root, link)))).toEqual([]);
});
