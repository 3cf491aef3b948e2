import fc from 'fast-check';
import { expect, test } from 'vitest';
import { layoutFor } from '../../src/config/layout.ts';

const layouts = fc.record({
  dataParts: fc.integer({ min: 1, max: 18 }),
  parityParts: fc.integer({ min: 0, max: 2 }),
});

test('while servers are drained, as many may fail as before, and no more parts are made than fit', () => {
  fc.assert(
    fc.property(layouts, fc.integer({ min: 0, max: 25 }), (layout, staying) => {
      const parts = layout.dataParts + layout.parityParts;
      const present = layoutFor(layout, staying);
      expect(present.parityParts).toBe(layout.parityParts);
      if (staying > layout.parityParts)
        expect(present.dataParts + present.parityParts).toBe(Math.min(parts, staying));
      else expect(present).toEqual(layout);
    }),
  );
});
