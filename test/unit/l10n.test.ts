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
