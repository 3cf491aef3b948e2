import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  encodeJournal,
  nameOfJournalFile,
  parseJournalFileName,
} from '../../src/coordinator/journal/journal-file.ts';
import { LineSealer, SealedLinesError, unsealed } from '../../src/coordinator/journal/sealed-lines.ts';

function seal(values: readonly unknown[]): Buffer {
  const sealer = new LineSealer();
  return Buffer.from([...values.map((value) => sealer.seal(JSON.stringify(value))), sealer.end()].join(''));
}

async function unseal(chunks: readonly Buffer[]): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of unsealed(chunks)) values.push(value);
  return values;
}

const values = fc.array(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), { maxLength: 8 });

/** As they might come over a network. */
function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const cuts = [
    0,
    ...at.map((share) => Math.floor(share * bytes.length)).sort((a, b) => a - b),
    bytes.length,
  ];
  return cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end));
}

test('what was sealed comes back, however it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(values, fc.array(fc.double({ min: 0, max: 1, noNaN: true })), async (sealed, cuts) => {
      expect(await unseal(cut(seal(sealed), cuts))).toEqual(JSON.parse(JSON.stringify(sealed)));
    }),
  );
});

test('every changed byte is noticed, before a value that it could have changed is given out', async () => {
  await fc.assert(
    fc.asyncProperty(values, fc.nat(), fc.integer({ min: 1, max: 255 }), async (sealed, position, change) => {
      const bytes = seal(sealed);
      const at = position % bytes.length;
      bytes.writeUInt8(bytes.readUInt8(at) ^ change, at);
      const given: unknown[] = [];
      const read = async () => {
        for await (const value of unsealed([bytes])) given.push(value);
      };
      await expect(read()).rejects.toThrow(SealedLinesError);
      expect(given).toEqual(JSON.parse(JSON.stringify(sealed)).slice(0, given.length));
    }),
  );
});

test('lines that are missing, moved or cut off are noticed; a cut end is told from damage', async () => {
  const lines = seal([{ a: 1 }, { b: 2 }, { c: 3 }])
    .toString()
    .split(/(?<=\n)/);
  const without = (index: number) => Buffer.from(lines.toSpliced(index, 1).join(''));
  for (const index of [0, 1, 2])
    await expect(unseal([without(index)])).rejects.toMatchObject({ unfinished: false });
  await expect(unseal([without(3)])).rejects.toMatchObject({ unfinished: true });
  const swapped = [lines[1], lines[0], lines[2], lines[3]].join('');
  await expect(unseal([Buffer.from(swapped)])).rejects.toMatchObject({ unfinished: false });
  await expect(unseal([Buffer.from(lines.join('') + lines[0])])).rejects.toMatchObject({ unfinished: false });
  await expect(unseal([])).rejects.toMatchObject({ unfinished: true });
});

test('names of journal files tell what is in them, and sort in the order of time', () => {
  const file = fc.record({
    kind: fc.constantFrom('journal' as const, 'snapshot' as const),
    generation: fc.integer({ min: 1, max: 9_999 }),
    first: fc.integer({ min: 0, max: 999_999_999_999 }),
    last: fc.integer({ min: 0, max: 999_999_999_999 }),
  });
  fc.assert(
    fc.property(file, file, (a, b) => {
      expect(parseJournalFileName(nameOfJournalFile(a))).toEqual(a);
      const [first, second] = [nameOfJournalFile(a), nameOfJournalFile(b)];
      if (a.generation < b.generation || (a.generation === b.generation && a.first < b.first)) {
        expect(first < second).toBe(true);
      }
    }),
  );
  for (const other of ['probe', 'a.journal', '0001-000000000001-000000000002.journal.partial']) {
    expect(parseJournalFileName(other)).toBeUndefined();
  }
});

test('a journal file is named after its records', () => {
  const records = [4, 5, 6].map((sequence) => ({ sequence, record: `{"sequence":${sequence}}` }));
  const { name, bytes } = encodeJournal({ pool: 'p', generation: 2, copies: 3, records });
  expect(name).toBe('0002-000000000004-000000000006.journal');
  expect(bytes.toString()).toMatch(
    /^[0-9a-f]{8} \{"kind":"journal","version":1,"pool":"p","generation":2,"first":4/,
  );
});
