/** What parts alone tell, when some of them tell nothing. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RestoredCatalogue } from '../../src/coordinator/catalogue/restored-catalogue.ts';
import { listParts } from '../../src/coordinator/rebuild/part-listing.ts';
import { salvageParts } from '../../src/coordinator/rebuild/salvage.ts';
import { FileSystemError } from '../../src/ftp/file-system.ts';
import { content } from './content.ts';
import { temporaryFolder } from './ftp-server-fixture.ts';
import { UpkeepPool } from './upkeep-fixture.ts';

test('parts that a failing disk does not give do not keep the others from being saved', async () => {
  const pool = await UpkeepPool.start({ storageServers: 3, layout: { dataParts: 2, parityParts: 1 } });
  await pool.upload('/one', content(300_000, 1));
  await pool.upload('/two', content(3_000, 2));
  const failure = new FileSystemError('damaged', 'The disk of the server fails.');
  const unreadable = await pool.makeUnreadable(failure, (_, path) => path.endsWith('.0'));
  expect(unreadable).toHaveLength(2);
  await pool.upload('/three', content(3_000, 3));
  const id = pool.catalogue.pool;
  const catalogue = new RestoredCatalogue(join(await temporaryFolder(), 'saved.sqlite'), id);
  try {
    for (const server of pool.members.servers) {
      await listParts(server, id, (parts) => catalogue.found(server.number, parts));
    }
    const server = (number: number) => pool.members.server(number);
    await salvageParts({ pool: id, server, catalogue, onProgress: () => {} });
    expect(catalogue.totals()).toMatchObject({ files: 3, bytes: 306_000 });
  } finally {
    catalogue.close();
  }
});
