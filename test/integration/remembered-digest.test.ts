/** Digests that the catalogue keeps, and cannot keep. */
import { createHash } from 'node:crypto';
import { finished } from 'node:stream/promises';
import { expect, test, vi } from 'vitest';
import { FileSystemError } from '../../src/ftp/file-system.ts';
import { createLog } from '../../src/log/log.ts';
import { RawClient } from './ftp-raw-client.ts';
import { startPool } from './pool-fixture.ts';

test('HASH answers also when the disk of the catalogue has failed', async () => {
  const lines: string[] = [];
  const log = createLog('test', 'warn', { write: (line) => lines.push(line) });
  const { port, files, catalogue } = await startPool({ log });
  const content = Buffer.from('content');
  const upload = await files.write('/f', 'replace', new AbortController().signal);
  upload.stream.end(content);
  await finished(upload.stream);
  await upload.commit();
  const failure = new FileSystemError('unavailable', "the disk of the coordinator's catalogue failed");
  const remember = vi.spyOn(catalogue, 'rememberDigest').mockRejectedValue(failure);
  const client = await RawClient.login(port);
  const digest = createHash('sha256').update(content).digest('hex');
  expect((await client.ask('HASH /f')).text).toBe(`213 SHA-256 0-7 ${digest} /f`);
  expect(remember).toHaveBeenCalledOnce();
  expect(lines.join('')).toContain('a digest could not be remembered');
  client.destroy();
});
