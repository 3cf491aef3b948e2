import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BlockMemory } from '../../src/coordinator/segments/block-memory.ts';
import { defaultBlockBytes } from '../../src/coordinator/segments/part-format.ts';

interface Held {
  readonly memory: BlockMemory;
  readonly stamp: number;
  holders: number;
}

const steps = fc.array(
  fc.record({
    what: fc.constantFrom('take', 'hold', 'release', 'release'),
    which: fc.nat(),
    length: fc.constantFrom(defaultBlockBytes, defaultBlockBytes, 1000, 0),
  }),
  { maxLength: 60 },
);

/** Marks its first and last bytes: a piece of memory is another's wholly or not at all. */
function write({ memory: { whole }, stamp }: Held): void {
  whole[0] = stamp;
  whole[whole.length - 1] = stamp;
}

function isUnchanged({ memory: { whole }, stamp }: Held): boolean {
  return whole[0] === stamp && whole.at(-1) === stamp;
}

test("what somebody holds is nobody else's, whoever takes, holds and releases in whatever order", () => {
  fc.assert(
    fc.property(steps, (todo) => {
      const all: Held[] = [];
      for (const [step, { what, which, length }] of todo.entries()) {
        const held = all.filter(({ holders }) => holders > 0);
        const chosen = held[which % Math.max(1, held.length)];
        if (what === 'take') {
          const memory = BlockMemory.take(length);
          expect([memory.content.length, memory.whole.length]).toEqual([length, length + 4]);
          const taken = { memory, stamp: step % 256, holders: 1 };
          write(taken);
          all.push(taken);
        } else if (chosen && what === 'hold') {
          chosen.memory.hold();
          chosen.holders += 1;
        } else if (chosen) {
          chosen.memory.release();
          chosen.holders -= 1;
        }
        expect(all.every((each) => each.holders === 0 || isUnchanged(each))).toBe(true);
      }
      for (const { memory, holders } of all) for (let left = holders; left > 0; left--) memory.release();
    }),
  );
});

test('the memory of a whole block is used again when its last holder has released it', () => {
  const first = BlockMemory.take(defaultBlockBytes);
  first.hold();
  first.release();
  const second = BlockMemory.take(defaultBlockBytes);
  expect(second).not.toBe(first);
  first.release();
  expect(BlockMemory.take(defaultBlockBytes)).toBe(first);
  first.release();
  second.release();
});

test('who releases too often, or holds what was given back, is told so', () => {
  for (const length of [defaultBlockBytes, 10]) {
    const memory = BlockMemory.take(length);
    memory.release();
    expect(() => memory.release()).toThrow('given back');
    expect(() => memory.hold()).toThrow('given back');
  }
});
