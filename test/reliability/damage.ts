/** Every way in which a part file can be wrong. */
import type { PartFile } from './part-files.ts';

export interface DamageMaterial {
  /** The part as it was written. */
  readonly bytes: Buffer;
  readonly part: PartFile;
  /** Another part of the same segment, and the part of that index of an earlier version of the file. */
  readonly sibling: Buffer;
  readonly stale: Buffer;
}

export interface Damage {
  readonly name: string;
  /** @returns what lies there instead; undefined when the file is gone */
  apply(material: DamageMaterial): Buffer | undefined;
}

/** Bits of one byte are inverted. */
function inverted(name: string, offsetOf: (material: DamageMaterial) => number): Damage {
  return {
    name: `${name} inverted`,
    apply(material) {
      const changed = Buffer.from(material.bytes);
      const offset = offsetOf(material);
      changed[offset] = (changed[offset] ?? 0) ^ 0xff;
      return changed;
    },
  };
}

/** Offset of a block in the part. */
function blockStart({ part }: DamageMaterial, stripe: number): number {
  return part.blocks.slice(0, stripe).reduce((at, { length }) => at + length + 4, part.bodyStart);
}

function blockLength({ part }: DamageMaterial, stripe: number): number {
  return part.blocks[stripe]?.length ?? 0;
}

const lastStripe = ({ part }: DamageMaterial) => part.blocks.length - 1;

export const damages: readonly Damage[] = [
  inverted('first byte of the file', () => 0),
  inverted('length of the header', () => 10),
  inverted('check of the header', () => 13),
  inverted('byte in the header', ({ part }) => Math.floor((16 + part.bodyStart) / 2)),
  inverted('last byte of the header', ({ part }) => part.bodyStart - 1),
  inverted('first byte of the first block', (m) => blockStart(m, 0)),
  inverted('middle byte of the first block', (m) => blockStart(m, 0) + Math.floor(blockLength(m, 0) / 2)),
  inverted('last byte of the first block', (m) => blockStart(m, 0) + blockLength(m, 0) - 1),
  inverted('check of the first block', (m) => blockStart(m, 0) + blockLength(m, 0) + 2),
  inverted('middle byte of the second block', (m) => blockStart(m, 1) + Math.floor(blockLength(m, 1) / 2)),
  inverted('first byte of the last block', (m) => blockStart(m, lastStripe(m))),
  inverted('last byte of the last block', ({ part }) => part.bodyEnd - 5),
  inverted('check of the last block', ({ part }) => part.bodyEnd - 1),
  inverted('first byte of the footer', ({ part }) => part.bodyEnd),
  inverted('length of the footer', ({ bytes }) => bytes.length - 14),
  inverted('check of the footer', ({ bytes }) => bytes.length - 10),
  inverted('last byte of the file', ({ bytes }) => bytes.length - 1),
  { name: 'without its last byte', apply: ({ bytes }) => bytes.subarray(0, -1) },
  { name: 'without its footer', apply: ({ bytes, part }) => bytes.subarray(0, part.bodyEnd) },
  { name: 'half of it', apply: ({ bytes }) => bytes.subarray(0, bytes.length / 2) },
  { name: 'empty', apply: () => Buffer.alloc(0) },
  { name: 'gone', apply: () => undefined },
  { name: 'one byte more', apply: ({ bytes }) => Buffer.concat([bytes, Buffer.from('x')]) },
  { name: 'zeros of the same length', apply: ({ bytes }) => Buffer.alloc(bytes.length) },
  {
    name: 'two blocks swapped',
    apply(material) {
      const changed = Buffer.from(material.bytes);
      const [first, second] = [blockStart(material, 0), blockStart(material, 1)];
      material.bytes.copy(changed, first, second, second + second - first);
      material.bytes.copy(changed, second, first, second);
      return changed;
    },
  },
  { name: 'another part of the segment in its place', apply: ({ sibling }) => sibling },
  { name: 'its part of an earlier version', apply: ({ stale }) => stale },
];
