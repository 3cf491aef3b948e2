/** Every text that the extension asks `vscode.l10n` for is in each bundle, with the same placeholders. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as v from 'valibot';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const texts = new Set<string>();
for (const entry of readdirSync(join(root, 'src/extension'), { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const source = readFileSync(join(entry.parentPath, entry.name), 'utf8');
  for (const [, , text = ''] of source.matchAll(/l10n\.t\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gs)) {
    texts.add(text.replaceAll(/\\(['"])/g, '$1'));
  }
}
const bundles = readdirSync(join(root, 'l10n')).filter((name) => /^bundle\.l10n\.\w+\.json$/.test(name));
const placeholders = (text: string) => (text.match(/\{\d\}/g) ?? []).toSorted();

test('there is one more language than English', () => expect(bundles).toContain('bundle.l10n.de.json'));

test.for(bundles)('%s has every text, and no other', (bundle) => {
  const content: unknown = JSON.parse(readFileSync(join(root, 'l10n', bundle), 'utf8'));
  const translated = v.parse(v.record(v.string(), v.pipe(v.string(), v.minLength(1))), content);
  expect(Object.keys(translated).toSorted()).toEqual([...texts].toSorted());
  for (const [text, translation] of Object.entries(translated)) {
    expect(placeholders(translation), text).toEqual(placeholders(text));
  }
});

/** All strings of a JSON value. */
function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(stringsOf);
}

const readJson = (name: string): unknown => JSON.parse(readFileSync(join(root, name), 'utf8'));

test('every text of the manifest has its words, in English and in each other language', () => {
  const manifest = readJson('package.json');
  const keys = stringsOf(manifest).flatMap((text) => /^%(.+)%$/.exec(text)?.slice(1) ?? []);
  expect(keys.length).toBeGreaterThan(80);
  for (const name of readdirSync(root).filter((file) => /^package\.nls(\.\w+)?\.json$/.test(file))) {
    const words = v.parse(v.record(v.string(), v.pipe(v.string(), v.minLength(1))), readJson(name));
    expect(Object.keys(words).toSorted(), name).toEqual([...new Set(keys)].toSorted());
  }
});

test('no text that a person reads stands in the manifest itself', () => {
  const { contributes } = v.parse(
    v.object({ contributes: v.object({ commands: v.array(v.object({ title: v.string() })) }) }),
    readJson('package.json'),
  );
  for (const { title } of contributes.commands) expect(title).toMatch(/^%command\..+%$/);
});

/** A number before a word in the plural, and how the same is said of one. */
const ofOne: Readonly<Record<string, string>> = {
  '{0} bytes': '1 byte',
  '{0} files': '1 file',
  '{0} parts': '1 part',
  '{0} storage servers': '1 storage server',
  '{0} more storage servers may fail': '1 more storage server may fail',
  '{0} of {1} parts are missing': '1 of {0} parts is missing',
  '{0} are down': '{0} is down',
  'Each part is verified once in {0} days.': 'Each part is verified once a day.',
};
/** Said of several only. */
const ofSeveral = ['Delete {0} files and folders from all storage servers?', '{0} files/s'];

test('what is counted is said of one thing as well, or in words that fit any number', () => {
  const things = 'files|folders|parts|bytes|days|errors|servers|connections|changes|segments|transfers';
  const counted = [...texts].filter((text) =>
    new RegExp(`\\{\\d\\} (?:(?:more|storage|damaged) )*(?:${things})\\b|^\\{\\d\\} are\\b`).test(text),
  );
  const known = [...Object.entries(ofOne).flat(), ...ofSeveral];
  const plural = counted.filter((text) => !known.includes(text));
  expect(plural).toEqual([]);
  for (const [several, one] of Object.entries(ofOne)) {
    expect(texts, several).toContain(several);
    expect(texts, several).toContain(one);
  }
});
