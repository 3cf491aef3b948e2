import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

test('every test that docs/complaints.md names is there', async () => {
  const text = await readFile(resolve(root, 'docs/complaints.md'), 'utf8');
  const references = [...text.matchAll(/`(test\/[^`]+\.test\.ts)`((?:,?\s+"[^"]+")*)/g)];
  const rows = [...text.matchAll(/^\| (\d+) \|.*$/gm)];
  expect(rows.map(([, number]) => Number(number))).toEqual(
    Array.from({ length: 15 }, (_, index) => index + 1),
  );
  for (const [row] of rows) expect(row).toMatch(/`test\/[^`]+\.test\.ts`/);
  for (const [, file = '', names = ''] of references) {
    const source = await readFile(resolve(root, file), 'utf8');
    for (const [, name = ''] of names.matchAll(/"([^"]+)"/g)) expect(source, file).toContain(name);
  }
});
