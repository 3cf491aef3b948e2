/** The table of FTP clients in `docs/interop.md` says what the tests do, no more and no less. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clients } from './clients/all.ts';
import { type ClientKind, type Operation, operations, securities } from './clients/client.ts';

const document = join(import.meta.dirname, '../../docs/interop.md');

function row({ name, securities: known, cannot, raw, active }: ClientKind): string {
  const can = (operation: Operation) => {
    if (cannot?.[operation] !== undefined) return 'no';
    return raw?.includes(operation) ? 'raw' : 'yes';
  };
  const cells = [
    name,
    ...securities.map((security) => (known.includes(security) ? 'yes' : 'no')),
    ...operations.map(can),
    active ? 'yes' : 'no',
  ];
  return `| ${cells.join(' | ')} |`;
}

test('has a row for every client', async () => {
  const text = await readFile(document, 'utf8');
  for (const kind of clients) expect(text).toContain(row(kind));
});
