/** A second window uses the servers of the first, says so, and starts its own when they are gone. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { activeServers, report, untilState } from './report.ts';

export async function run(): Promise<void> {
  const servers = await activeServers();
  await untilState(servers, ({ kind }) => kind === 'running');
  assert(servers.state.kind === 'running' && !servers.state.startedHere, 'started its own');
  assert.deepEqual(servers.pids, []);
  const client = await servers.client();
  await client.makeDirectory('/from the second window');

  // The message stays open until it is closed: the command is not awaited.
  void vscode.commands.executeCommand('splitftp.stopServers');
  await client.stat('/');
  assert.equal(servers.state.kind, 'running');

  await report('attached.json', true);
  await untilState(servers, (state) => state.kind === 'running' && state.startedHere);
  assert.equal(servers.pids.length, 3);
  const own = await servers.client();
  assert((await own.stat('/from the second window')) !== undefined);
}
