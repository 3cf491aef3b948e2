import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './install.ts';

test('the extension that users download is smaller than 500 KB', async () => {
  expect((await stat(join(root, 'splitftp.vsix'))).size).toBeLessThan(500 * 1024);
});
