import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

test.each(['docs/complaints.md', 'docs/life.md'])('every test that %s names is there', async (document) => {
  const text = await readFile(resolve(root, document), 'utf8');
  const references = [...text.matchAll(/`(test\/[^`]+\.test\.ts)`((?:,?\s+"[^"]+")*)/g)];
  expect(references.length).toBeGreaterThan(8);
  for (const [, file = '', names = ''] of references) {
    const source = await readFile(resolve(root, file), 'utf8');
    for (const [, name = ''] of names.matchAll(/"([^"]+)"/g)) expect(source, file).toContain(name);
  }
});

test('each of the fifteen complaints has a test', async () => {
  const text = await readFile(resolve(root, 'docs/complaints.md'), 'utf8');
  const rows = [...text.matchAll(/^\| (\d+) \|.*$/gm)];
  expect(rows.map(([, number]) => Number(number))).toEqual(
    Array.from({ length: 15 }, (_, index) => index + 1),
  );
  for (const [row] of rows) expect(row).toMatch(/`test\/[^`]+\.test\.ts`/);
});
