import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseReports, partReport, partsPerPage } from '../../src/site/reports.ts';
import { append, openSession, store } from './ftp-session.ts';
import { startServers, type TestServers } from './servers.ts';

let servers: TestServers;

beforeAll(async () => {
  servers = await startServers();
});
afterAll(() => servers.stop());

test('SITE WHERE takes a path in the current folder', async () => {
  const session = await openSession(servers.configuration.coordinator);
  await session.send('MKD /docs');
  await store(session, '/docs/-from 3 a b', Buffer.from('content'));
  await session.cd('/docs');
  const { message } = await session.send('SITE WHERE -from 3 a b');
  expect(parseReports(partReport, message)).toEqual(await servers.client().where('/docs/-from 3 a b'));
  await expect(session.send('SITE WHERE a b')).rejects.toThrow('550 /docs/a b does not exist');
  session.close();
});

test('SITE WHERE of more parts than a reply should hold is read in pages', async () => {
  const session = await openSession(servers.configuration.coordinator);
  const segments = partsPerPage / 2 + 1;
  for (let count = 0; count < segments; count++) await append(session, '/many', Buffer.from('x'));
  const { message } = await session.send('SITE WHERE /many');
  const parts = await servers.client().where('/many');
  expect(parts).toHaveLength(2 * segments);
  expect(parts).toEqual(parseReports(partReport, message));
  const page = await session.send(`SITE WHERE -from ${partsPerPage} /many`);
  expect(parseReports(partReport, page.message)).toEqual(parts.slice(partsPerPage));
  const beyond = await session.send(`SITE WHERE -from ${2 * segments} /many`);
  expect(parseReports(partReport, beyond.message)).toEqual([]);
  session.close();
});
