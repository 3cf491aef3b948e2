/** In a new extension host: what the last one had queued is paused as it was, and goes on when it is told to. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';
import { largeBytes } from './queue-begun.ts';
import { activeServers, untilState } from './report.ts';

export async function run(): Promise<void> {
  const servers = await activeServers();
  await untilState(servers, ({ kind }) => kind === 'running');
  const client = await servers.client();
  const stored = async () =>
    Object.fromEntries((await client.list('/films')).map(({ name, size }) => [name, size]));
  assert.deepEqual(await stored(), { '1 small.txt': 9 });
  await vscode.commands.executeCommand('splitftp.transfers.resumeAll');
  while ((await client.stat('/films/3 small.txt')) === undefined) await delay(200);
  assert.deepEqual(await stored(), { '1 small.txt': 9, '2 large.bin': largeBytes, '3 small.txt': 8 });
  assert.equal(String(await client.read('/films/3 small.txt')), 'the last');
}
