/** A coordinator that is to stop while storage servers say nothing more. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { Rig } from '../reliability/rig.ts';
import { content } from './content.ts';
import { store } from './ftp-session.ts';

/** Seconds that a silent storage server is waited for otherwise: longer than the test. */
const silence = 600;
const timeout = 60_000;

test.each(['EPSV', 'MLSD', 'CONNECT'])('it does not wait for the answer to %s', {
  timeout,
}, async (command) => {
  const rig = await Rig.start({ dataParts: 2, parityParts: 1, timeout: silence });
  onTestFinished(() => rig.stop());
  const session = await rig.session();
  await store(session, '/file', content(1_300_000, 3));
  for (const proxy of rig.proxies) {
    proxy.arm({ kind: 'stall', at: command });
    if (command === 'CONNECT') proxy.resetAll();
  }
  // It reads the list of what is there, and gets none.
  const looking = session.send('SITE REPAIR -server 1').catch(() => undefined);
  await vi.waitFor(() => expect(rig.proxy(1).struck).toBeGreaterThan(0), { timeout });
  await rig.stopCoordinator();
  await looking;
});
