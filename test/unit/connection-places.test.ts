import { expect, test, vi } from 'vitest';
import { ConnectionPlaces } from '../../src/coordinator/pool/connection-places.ts';

test('a clock that is put back takes no places away', () => {
  const places = new ConnectionPlaces(8);
  const taken = Array.from({ length: 8 }, () => places.tryReserve());
  places.refused();
  expect(places.most).toBe(7);
  for (const giveBack of taken) giveBack?.();
  vi.setSystemTime(Date.now() - 24 * 3_600_000);
  try {
    expect(places.most).toBe(7);
    expect(places.tryReserve()).toBeDefined();
  } finally {
    vi.useRealTimers();
  }
});
