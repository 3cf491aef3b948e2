/** The extension is updated while a window of the old version runs the servers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { test } from './fixture.ts';
import { root } from './install.ts';

const [present, next] = [packageJson.version, '99.0.0'];

/** The extension as it is, but for its version, in the manifest and in what the coordinator tells. */
async function packageNextVersion(folder: string): Promise<string> {
  await mkdir(folder);
  const vsix = join(folder, 'next.vsix');
  const names = ['dist', 'media', 'l10n', 'LICENSE', 'README.md', 'CHANGELOG.md', '.vscodeignore'];
  const words = (await readdir(root)).filter((name) => name.startsWith('package.nls'));
  for (const name of [...names, ...words])
    await cp(join(root, name), join(folder, name), { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ ...packageJson, version: next }));
  const programs = join(folder, 'dist/programs');
  let changed = 0;
  for (const name of await readdir(programs)) {
    const text = await readFile(join(programs, name), 'utf8');
    const other = text.replaceAll(`version:"${present}"`, `version:"${next}"`);
    if (other === text) continue;
    await writeFile(join(programs, name), other);
    changed++;
  }
  expect(changed).toBeGreaterThan(0);
  const vsce = spawn(
    process.execPath,
    [
      join(root, 'node_modules/@vscode/vsce/vsce'),
      ...['package', '--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links'],
      ...['--out', vsix],
    ],
    { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  expect(await once(vsce, 'exit')).toEqual([0, null]);
  return vsix;
}

test('a window of a new version uses the servers of the old one, and takes over', async ({
  openWindow,
  workspace,
  client,
  code,
}) => {
  const versionThere = async () => {
    const reports = await client.status().catch(() => []);
    return reports.flatMap((report) => (report.kind === 'coordinator' ? [report.version] : []));
  };
  const old = await openWindow();
  const [host = 0] = code.extensionHosts;
  await client.write('/notes.txt', Buffer.from('stored by the old version'));
  expect(await versionThere()).toEqual([present]);

  await code.installExtension(await packageNextVersion(join(workspace.parent, 'next')));
  const updated = await openWindow((window) =>
    window.toast(`The servers are of SplitFTP ${present}, and this window has ${next}.`),
  );
  await updated.file('notes.txt').waitFor();
  await updated.picture('80-other-version');

  await old.page.close();
  process.kill(host, 'SIGKILL');
  await expect.poll(versionThere, { timeout: 120_000, interval: 500 }).toEqual([next]);
  expect(String(await client.read('/notes.txt'))).toBe('stored by the old version');
});
