import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RemoteEntry } from '../../src/client/transfer.ts';
import { FolderSnapshots } from '../../src/extension/file-system/folder-snapshots.ts';

function entry(path: string, change: Partial<RemoteEntry> = {}): RemoteEntry {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return { name, path, kind: 'file', size: 1, modified: new Date(1), ...change };
}

describe('folder snapshots', () => {
  it('tell nothing of the first listing, and then what is different', () => {
    const snapshots = new FolderSnapshots();
    const kept = entry('/f/kept');
    expect(snapshots.update('/f', [kept, entry('/f/old'), entry('/f/edited'), entry('/f/longer')])).toEqual(
      [],
    );
    const now = [
      kept,
      entry('/f/new'),
      entry('/f/edited', { modified: new Date(2) }),
      entry('/f/longer', { size: 2 }),
    ];
    expect(snapshots.update('/f', now)).toEqual([
      { kind: 'created', path: '/f/new' },
      { kind: 'changed', path: '/f/edited' },
      { kind: 'changed', path: '/f/longer' },
      { kind: 'deleted', path: '/f/old' },
    ]);
    expect(snapshots.update('/f', now)).toEqual([]);
  });

  it('tell of a file that became a folder, and forget a folder that is gone with those in it', () => {
    const snapshots = new FolderSnapshots();
    snapshots.update('/', [entry('/x'), entry('/gone', { kind: 'directory' })]);
    snapshots.update('/gone', [entry('/gone/deep', { kind: 'directory' })]);
    snapshots.update('/gone/deep', []);
    expect(snapshots.update('/', [entry('/x', { kind: 'directory' })])).toEqual([
      { kind: 'deleted', path: '/x' },
      { kind: 'created', path: '/x' },
      { kind: 'deleted', path: '/gone' },
    ]);
    expect(snapshots.folders).toEqual(['/']);
  });

  it('do not tell again what this window did itself', () => {
    const snapshots = new FolderSnapshots();
    snapshots.update('/f', [entry('/f/a'), entry('/f/b')]);
    for (const path of ['/f/a', '/f/b', '/f/c']) snapshots.adopt(path);
    expect(snapshots.update('/f', [entry('/f/a', { size: 9 }), entry('/f/c')])).toEqual([]);
    expect(snapshots.update('/f', [entry('/f/a', { size: 8 })])).toEqual([
      { kind: 'changed', path: '/f/a' },
      { kind: 'deleted', path: '/f/c' },
    ]);
  });

  it('keep the folders that were used last', () => {
    const snapshots = new FolderSnapshots();
    for (let number = 0; number < 1000; number++) {
      snapshots.update('/always', []);
      snapshots.update(`/${number}`, []);
    }
    expect(snapshots.folders.length).toBeLessThanOrEqual(200);
    expect(snapshots.folders).toEqual(expect.arrayContaining(['/always', '/999']));
  });

  it('tell changes which, applied to the old names, give the new ones', () => {
    const names = fc.uniqueArray(fc.constantFrom(...'abcdefgh'));
    fc.assert(
      fc.property(names, names, (before, after) => {
        const snapshots = new FolderSnapshots();
        snapshots.update(
          '/',
          before.map((name) => entry(`/${name}`)),
        );
        const shown = new Set(before.map((name) => `/${name}`));
        const changes = snapshots.update(
          '/',
          after.map((name) => entry(`/${name}`)),
        );
        for (const { kind, path } of changes) {
          if (kind === 'deleted') shown.delete(path);
          else shown.add(path);
        }
        expect([...shown].sort()).toEqual(after.map((name) => `/${name}`).sort());
      }),
    );
  });
});
