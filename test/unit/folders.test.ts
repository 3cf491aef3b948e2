/** The order of the folders in docs/architecture.md: each uses those below it, never one above. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
const order = [...page.matchAll(/^\| `src\/([^/`]+)\/` \|/gm)].map(([, name = '']) => name);

const source = join(root, 'src');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
);

test('all folders are in the table', () => {
  const folders = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(order.toSorted()).toEqual(folders.map(({ name }) => name).toSorted());
});

test('imports point down', () => {
  const upwards = files.flatMap((name) => {
    const file = join(source, name);
    const [folder = ''] = name.split(sep);
    return [...readFileSync(file, 'utf8').matchAll(/(?:from|import\() ?'(\.[^']+)'/g)].flatMap(
      ([, path = '']) => {
        const [used = '', ...inside] = relative(source, resolve(dirname(file), path)).split(sep);
        const isOutside = used === '..' || inside.length === 0;
        return isOutside || order.indexOf(used) >= order.indexOf(folder) ? [] : [`${name}: ${path}`];
      },
    );
  });
  expect(upwards).toEqual([]);
});
