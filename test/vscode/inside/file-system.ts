/** The provider of `splitftp:/` against the contract of `vscode.FileSystemProvider`. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import * as vscode from 'vscode';
import { hashPassword } from '../../../src/accounts/password-hash.ts';
import { changeUsersFile } from '../../../src/accounts/users-file.ts';
import { SplitClient } from '../../../src/client/split-client.ts';
import type { Account } from '../../../src/config/configuration.ts';
import { StoredFileSystem } from '../../../src/extension/file-system/stored-file-system.ts';
import { StoredFiles } from '../../../src/extension/file-system/stored-files.ts';
import { toUri } from '../../../src/extension/file-system/stored-uri.ts';
import { Watching } from '../../../src/extension/file-system/watching.ts';
import type { Servers } from '../../../src/extension/servers.ts';
import { recordChanges } from './changes.ts';
import { Model, ModelError } from './model.ts';
import { activeServers, untilState, workspaceFolder } from './report.ts';

const { fs } = vscode.workspace;
const both = { create: true, overwrite: true };

export async function run(): Promise<void> {
  const servers = await activeServers();
  await untilState(servers, (state) => state.kind === 'running' && state.startedHere);
  await documentedErrors(servers);
  await workspaceFileSystem();
  await timesAndSizes();
  await savesAtOnce();
  await editor(servers);
  await eventsOfThisWindow(servers);
  await eventsOfOthers(servers);
  await readOnlyAccount(servers);
  await randomOperations(servers);
  await stoppedServers(servers);
}

/** A provider of its own, asked directly: VS Code's own checks come before those of a registered one. */
function provider(servers: Servers, account?: Account) {
  assert(servers.state.kind === 'running');
  const { coordinator } = servers.state.configuration;
  // Its own client: the extension is another bundle, with other classes of errors.
  const client = new SplitClient({ ...coordinator, account: account ?? coordinator.account });
  const { state, onDidChangeState } = servers;
  const log = vscode.window.createOutputChannel('Test', { log: true });
  const files = new StoredFiles({ state, onDidChangeState, client: async () => client });
  const watching = new Watching(files, log);
  const fileSystem = new StoredFileSystem(files, watching);
  const dispose = () => {
    vscode.Disposable.from(fileSystem, watching, files, log).dispose();
    client.close();
  };
  return { fileSystem, dispose };
}

async function rejects(code: string, work: () => Thenable<unknown>): Promise<void> {
  await assert.rejects(
    async () => work(),
    (error: unknown) => {
      assert(error instanceof vscode.FileSystemError, String(error));
      assert.equal(error.code, code, error.message);
      return true;
    },
  );
}

async function documentedErrors(servers: Servers): Promise<void> {
  const { fileSystem, dispose } = provider(servers);
  const at = (path: string) => toUri(`/errors${path}`);
  await fileSystem.createDirectory(at(''));
  await fileSystem.createDirectory(at('/folder'));
  await fileSystem.writeFile(at('/file'), Buffer.from('content'), both);
  await fileSystem.writeFile(at('/folder/inner'), Buffer.from(''), both);

  await rejects('FileNotFound', () => fileSystem.stat(at('/missing')));
  await rejects('FileNotFound', () => fileSystem.stat(at('/missing/deep')));
  await rejects('FileNotFound', () => fileSystem.stat(at('/line\nbreak')));
  await rejects('FileNotFound', () => fileSystem.readDirectory(at('/missing')));
  await rejects('FileNotADirectory', () => fileSystem.readDirectory(at('/file')));
  await rejects('FileNotFound', () => fileSystem.createDirectory(at('/missing/folder')));
  await rejects('FileExists', () => fileSystem.createDirectory(at('/folder')));
  await rejects('FileExists', () => fileSystem.createDirectory(at('/file')));
  await rejects('FileNotFound', () => fileSystem.readFile(at('/missing')));
  await rejects('FileIsADirectory', () => fileSystem.readFile(at('/folder')));

  const none = new Uint8Array();
  await rejects('FileNotFound', () =>
    fileSystem.writeFile(at('/new'), none, { create: false, overwrite: true }),
  );
  await rejects('FileNotFound', () => fileSystem.writeFile(at('/missing/new'), none, both));
  await rejects('FileNotADirectory', () => fileSystem.writeFile(at('/file/new'), none, both));
  await rejects('FileExists', () =>
    fileSystem.writeFile(at('/file'), none, { create: true, overwrite: false }),
  );
  await rejects('FileIsADirectory', () => fileSystem.writeFile(at('/folder'), none, both));
  await fileSystem.writeFile(at('/file'), Buffer.from('again'), { create: false, overwrite: true });

  await rejects('FileNotFound', () => fileSystem.delete(at('/missing'), { recursive: true }));
  await rejects('Unknown', () => fileSystem.delete(at('/folder'), { recursive: false }));
  await rejects('NoPermissions', () => fileSystem.delete(toUri('/'), { recursive: true }));

  for (const move of ['rename', 'copy'] as const) {
    const go = (from: string, to: string, overwrite = false) =>
      fileSystem[move](at(from), at(to), { overwrite });
    await rejects('FileNotFound', () => go('/missing', '/elsewhere'));
    await rejects('FileNotFound', () => go('/file', '/missing/file'));
    await rejects('FileExists', () => go('/file', '/folder'));
    await rejects('FileExists', () => go('/folder', '/file'));
    await rejects('NoPermissions', () => go('/folder', '/folder/inner/deep'));
    await rejects('NoPermissions', () => go('/folder/inner', '/folder', true));
  }
  // Whatever was refused has changed nothing.
  assert.deepEqual(await fileSystem.readDirectory(at('')), [
    ['file', vscode.FileType.File],
    ['folder', vscode.FileType.Directory],
  ]);
  assert.equal(String(Buffer.from(await fileSystem.readFile(at('/file')))), 'again');

  await fileSystem.copy(at('/folder'), at('/file'), { overwrite: true });
  assert.equal((await fileSystem.stat(at('/file'))).type, vscode.FileType.Directory);
  assert.deepEqual(await fileSystem.readDirectory(at('/file')), [['inner', vscode.FileType.File]]);
  await fileSystem.rename(at('/folder/inner'), at('/file'), { overwrite: true });
  assert.equal((await fileSystem.stat(at('/file'))).type, vscode.FileType.File);
  await fileSystem.delete(at('/folder'), { recursive: false });
  assert.deepEqual(await fileSystem.readDirectory(at('')), [['file', vscode.FileType.File]]);
  dispose();
}

/** As other extensions use it. */
async function workspaceFileSystem(): Promise<void> {
  assert.equal(fs.isWritableFileSystem('splitftp'), true);
  const folder = toUri('/grüße 100% #1 日本');
  const file = vscode.Uri.joinPath(folder, 'a?b&c.txt');
  await fs.createDirectory(folder);
  await fs.writeFile(file, Buffer.from('text'));
  assert.equal(String(Buffer.from(await fs.readFile(file))), 'text');
  assert.deepEqual(await fs.readDirectory(folder), [['a?b&c.txt', vscode.FileType.File]]);
  await fs.rename(file, vscode.Uri.joinPath(folder, 'renamed'));
  await fs.copy(vscode.Uri.joinPath(folder, 'renamed'), file);
  await rejects('FileExists', () => fs.rename(file, vscode.Uri.joinPath(folder, 'renamed')));
  await rejects('FileNotFound', () => fs.stat(vscode.Uri.joinPath(folder, 'missing')));
  const local = vscode.Uri.file(join(workspaceFolder(), 'local.bin'));
  const bytes = randomBytes(1_000_003);
  await writeFile(local.fsPath, bytes);
  await fs.copy(local, vscode.Uri.joinPath(folder, 'from the disk'));
  assert.deepEqual(Buffer.from(await fs.readFile(vscode.Uri.joinPath(folder, 'from the disk'))), bytes);
  await fs.delete(folder, { recursive: true });
  await rejects('FileNotFound', () => fs.stat(folder));
}

async function timesAndSizes(): Promise<void> {
  const file = toUri('/times.txt');
  let last = { mtime: 0, size: -1 };
  for (const size of [0, 1, 1, 262_144, 700_001, 0]) {
    const before = Date.now();
    await fs.writeFile(file, Buffer.alloc(size));
    const now = await fs.stat(file);
    assert(now.mtime > last.mtime, 'the time advances');
    assert(now.mtime >= before - 1 && now.mtime <= Date.now() + 1, 'milliseconds since 1970');
    assert.equal(now.size, size);
    assert.equal(now.permissions, undefined);
    last = now;
  }
}

/** Each is one whole version, and one of them stays. */
async function savesAtOnce(): Promise<void> {
  const file = toUri('/saved at once.txt');
  const versions = Array.from({ length: 8 }, (_, number) => String(number).repeat(100_000 + number));
  const saves = versions.map((text) => fs.writeFile(file, Buffer.from(text)));
  const reads = Array.from({ length: 4 }, () => outcome(() => fs.readFile(file)));
  await Promise.all(saves);
  for (const read of [...(await Promise.all(reads)), await fs.readFile(file)]) {
    assert(
      read === 'FileNotFound' || (read instanceof Uint8Array && versions.includes(String(Buffer.from(read)))),
    );
  }
}

/** Opened, edited and saved as a document; what somebody else has saved meanwhile is not overwritten. */
async function editor(servers: Servers): Promise<void> {
  const client = await servers.client();
  await client.write('/letter.txt', Buffer.from('Dear'));
  const document = await vscode.workspace.openTextDocument(toUri('/letter.txt'));
  const shown = await vscode.window.showTextDocument(document);
  await shown.edit((edit) => edit.insert(new vscode.Position(0, 4), ' reader'));
  assert(await document.save());
  assert.equal(String(await client.read('/letter.txt')), 'Dear reader');

  await shown.edit((edit) => edit.insert(new vscode.Position(0, 0), 'My '));
  await client.write('/letter.txt', Buffer.from('Somebody else was here'));
  await document.save().then(undefined, () => false);
  assert.equal(String(await client.read('/letter.txt')), 'Somebody else was here');
  await vscode.commands.executeCommand('workbench.action.files.revert');

  // A file that is not being edited follows what others store.
  const followed = recordChanges(
    vscode.workspace.onDidChangeTextDocument,
    ({ document: { uri } }) => uri.path,
  );
  await client.write('/letter.txt', Buffer.from('Newer than what is shown'));
  await followed.until((paths) => paths.includes('/letter.txt') && document.getText().startsWith('Newer'));
  followed.dispose();
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}

function watcher(folder: string) {
  const pattern = new vscode.RelativePattern(toUri(folder), '**');
  const watch = vscode.workspace.createFileSystemWatcher(pattern);
  const seen = recordChanges<[string, vscode.Uri], string>(
    (tell) =>
      vscode.Disposable.from(
        watch,
        watch.onDidCreate((uri) => tell(['created', uri])),
        watch.onDidChange((uri) => tell(['changed', uri])),
        watch.onDidDelete((uri) => tell(['deleted', uri])),
      ),
    ([kind, { path }]) => `${kind} ${path}`,
  );
  return seen;
}

async function eventsOfThisWindow(servers: Servers): Promise<void> {
  await fs.createDirectory(toUri('/watched'));
  const seen = watcher('/watched');
  const expectNext = (...events: string[]) =>
    seen.until((all) => events.every((event) => all.includes(event)), events.join(', '));
  await fs.writeFile(toUri('/watched/a'), Buffer.from('1'));
  await expectNext('created /watched/a');
  await fs.writeFile(toUri('/watched/a'), Buffer.from('2'));
  await expectNext('changed /watched/a');
  await fs.rename(toUri('/watched/a'), toUri('/watched/b'));
  await expectNext('deleted /watched/a', 'created /watched/b');
  await fs.copy(toUri('/watched/b'), toUri('/watched/c'));
  await expectNext('created /watched/c');
  await fs.createDirectory(toUri('/watched/inner'));
  await expectNext('created /watched/inner');
  await fs.delete(toUri('/watched/b'));
  await expectNext('deleted /watched/b');

  const local = join(workspaceFolder(), 'by command.txt');
  await writeFile(local, 'by command');
  await fs.readDirectory(toUri('/watched'));
  await vscode.commands.executeCommand('splitftp.upload', [vscode.Uri.file(local)], '/watched');
  await expectNext('created /watched/by command.txt');
  const client = await servers.client();
  const entry = await client.stat('/watched/by command.txt');
  await vscode.commands.executeCommand('splitftp.move', entry, [entry], '/watched/inner');
  await expectNext('deleted /watched/by command.txt', 'created /watched/inner/by command.txt');
  seen.dispose();
}

/** As another window or any FTP client does it. */
async function eventsOfOthers(servers: Servers): Promise<void> {
  assert(servers.state.kind === 'running');
  const other = new SplitClient(servers.state.configuration.coordinator);
  await fs.createDirectory(toUri('/shared'));
  await fs.writeFile(toUri('/shared/old'), Buffer.from('1'));
  const seen = watcher('/shared');
  await fs.readDirectory(toUri('/shared'));
  await other.write('/shared/new', Buffer.from('new'));
  await other.write('/shared/old', Buffer.from('2'));
  await seen.until((all) => all.includes('created /shared/new') && all.includes('changed /shared/old'));
  await other.remove('/shared/old');
  await seen.until((all) => all.includes('deleted /shared/old'));
  seen.dispose();
  other.close();
}

async function readOnlyAccount(servers: Servers): Promise<void> {
  assert(servers.state.kind === 'running');
  const { coordinator } = servers.state.configuration;
  const user = { name: 'reader', password: await hashPassword('only reads'), home: '/', readOnly: true };
  await changeUsersFile(coordinator.usersFile, (users) => [...users, user]);
  const { fileSystem, dispose } = provider(servers, { user: 'reader', password: 'only reads' });
  const file = toUri('/letter.txt');
  assert.equal((await fileSystem.stat(file)).permissions, vscode.FilePermission.Readonly);
  assert((await fileSystem.readFile(file)).length > 0);
  await rejects('NoPermissions', () => fileSystem.writeFile(file, new Uint8Array(), both));
  await rejects('NoPermissions', () => fileSystem.writeFile(toUri('/new'), new Uint8Array(), both));
  await rejects('NoPermissions', () => fileSystem.createDirectory(toUri('/new')));
  await rejects('NoPermissions', () => fileSystem.delete(file, { recursive: true }));
  await rejects('NoPermissions', () => fileSystem.rename(file, toUri('/new'), { overwrite: true }));
  await rejects('NoPermissions', () => fileSystem.copy(file, toUri('/new'), { overwrite: true }));
  dispose();
}

/** What was done, or the code of the error that it was refused with. */
async function outcome(work: () => unknown): Promise<unknown> {
  try {
    return (await work()) ?? 'done';
  } catch (error) {
    if (error instanceof ModelError || error instanceof vscode.FileSystemError) return error.code;
    throw error;
  }
}

async function randomOperations(servers: Servers): Promise<void> {
  const { fileSystem, dispose } = provider(servers);
  const path = fc
    .array(fc.constantFrom('a', 'b', 'ü %20'), { minLength: 1, maxLength: 3 })
    .map((names) => `/${names.join('/')}`);
  const flag = fc.boolean();
  const content = fc.string({ maxLength: 20 });
  const operation = fc.oneof(
    fc.record({ do: fc.constant('write' as const), path, content, create: flag, overwrite: flag }),
    fc.record({ do: fc.constant('makeDirectory' as const), path }),
    fc.record({ do: fc.constant('remove' as const), path, recursive: flag }),
    fc.record({ do: fc.constantFrom('rename' as const, 'copy' as const), path, to: path, overwrite: flag }),
    fc.record({ do: fc.constantFrom('read' as const, 'list' as const, 'stat' as const), path }),
  );
  let round = 0;
  const property = fc.asyncProperty(
    fc.array(operation, { minLength: 10, maxLength: 25 }),
    async (operations) => {
      round += 1;
      const root = `/random ${round}`;
      await fileSystem.createDirectory(toUri(root));
      const model = new Model();
      const at = (relative: string) => toUri(relative === '/' ? root : root + relative);
      const real = (step: (typeof operations)[number]) => {
        const uri = at(step.path);
        switch (step.do) {
          case 'write':
            return fileSystem.writeFile(uri, Buffer.from(step.content), step);
          case 'makeDirectory':
            return fileSystem.createDirectory(uri);
          case 'remove':
            return fileSystem.delete(uri, step);
          case 'rename':
            return fileSystem.rename(uri, at(step.to), step);
          case 'copy':
            return fileSystem.copy(uri, at(step.to), step);
          case 'read':
            return fileSystem.readFile(uri).then((bytes) => String(Buffer.from(bytes)));
          case 'list':
            return fileSystem
              .readDirectory(uri)
              .then((all) => all.map(([name]) => `${step.path}/${name}`).sort());
          case 'stat':
            return fileSystem
              .stat(uri)
              .then(({ type }) => (type === vscode.FileType.File ? 'file' : 'folder'));
        }
      };
      const expected = (step: (typeof operations)[number]) => {
        switch (step.do) {
          case 'write':
            return model.write(step.path, step.content, step);
          case 'makeDirectory':
            return model.makeDirectory(step.path);
          case 'remove':
            return model.remove(step.path, step);
          case 'rename':
            return model.rename(step.path, step.to, step);
          case 'copy':
            return model.copy(step.path, step.to, step);
          case 'read':
            return model.read(step.path);
          case 'list':
            return model.list(step.path);
          case 'stat':
            return model.stat(step.path).kind;
        }
      };
      for (const step of operations) {
        assert.deepEqual(
          await outcome(() => real(step)),
          await outcome(() => expected(step)),
          JSON.stringify(step),
        );
      }
      await compareTrees(model, '/');

      async function compareTrees(of: Model, folder: string): Promise<void> {
        const names = (await fileSystem.readDirectory(at(folder))).map(([name]) =>
          folder === '/' ? `/${name}` : `${folder}/${name}`,
        );
        assert.deepEqual(names.sort(), of.list(folder));
        for (const each of names) {
          if (of.stat(each).kind === 'folder') await compareTrees(of, each);
          else assert.equal(String(Buffer.from(await fileSystem.readFile(at(each)))), of.read(each));
        }
      }
    },
  );
  await fc.assert(property, { numRuns: 25, endOnFailure: true });
  dispose();
}

/** Servers that a person stopped stay stopped, and every operation says so; afterwards all is as before. */
async function stoppedServers(servers: Servers): Promise<void> {
  await vscode.commands.executeCommand('splitftp.stopServers');
  await rejects('Unavailable', () => fs.stat(toUri('/letter.txt')));
  await rejects('Unavailable', () => fs.readDirectory(toUri('/')));
  await rejects('Unavailable', () => fs.writeFile(toUri('/letter.txt'), Buffer.from('lost?')));
  assert.equal(servers.state.kind, 'stopped');
  await vscode.commands.executeCommand('splitftp.startServers');
  assert((await fs.stat(toUri('/letter.txt'))).size > 0);
}
