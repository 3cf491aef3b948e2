/** Part files read by `docs/part-format.md` alone: what lies on the storage servers is judged by other code than wrote it. */
import { crc32 } from 'node:zlib';
import * as v from 'valibot';

const layout = v.object({ dataParts: v.number(), parityParts: v.number() });
const header = v.object({
  segment: v.string(),
  index: v.number(),
  position: v.number(),
  blockBytes: v.number(),
  layout,
});
const footer = v.object({
  segment: v.string(),
  index: v.number(),
  length: v.number(),
  stripes: v.number(),
  crc32: v.string(),
});

export interface PartFile {
  readonly header: v.InferOutput<typeof header>;
  readonly footer: v.InferOutput<typeof footer>;
  /** Offset of the first block, and of the footer. */
  readonly bodyStart: number;
  readonly bodyEnd: number;
  readonly blocks: readonly Buffer[];
}

/** @throws Error at the first byte that is not as it should be */
export function readPartFile(file: Buffer): PartFile {
  demand(file.subarray(0, 8).toString() === 'SplitFTP', 'it does not begin as a part');
  const bodyStart = 16 + file.readUInt32BE(8);
  const head = v.parse(header, frame(file.subarray(16, bodyStart), file.readUInt32BE(12)));
  demand(file.subarray(-8).toString() === 'SplitEnd', 'it does not end as a part');
  const bodyEnd = file.length - 16 - file.readUInt32BE(file.length - 16);
  const foot = v.parse(footer, frame(file.subarray(bodyEnd, -16), file.readUInt32BE(file.length - 12)));
  demand(head.segment === foot.segment && head.index === foot.index, 'header and footer are of two parts');
  const blocks: Buffer[] = [];
  const context = Buffer.alloc(24);
  context.write(head.segment, 'hex');
  context.writeUInt32BE(head.index, 16);
  let at = bodyStart;
  for (let stripe = 0; stripe < foot.stripes; stripe++) {
    const length = blockLength(head, foot.length, stripe);
    const block = file.subarray(at, at + length);
    demand(block.length === length, `stripe ${stripe} is short`);
    blocks.push(block);
    if (length === 0) continue;
    context.writeUInt32BE(stripe, 20);
    demand(crc32(block, crc32(context)) === file.readUInt32BE(at + length), `the check of stripe ${stripe}`);
    at += length + 4;
  }
  demand(at === bodyEnd, 'there is something between blocks and footer');
  return { header: head, footer: foot, bodyStart, bodyEnd, blocks };
}

/** Of the part's block in this stripe; a parity block is as long as the longest data block. */
function blockLength(
  { layout: { dataParts }, blockBytes, index }: PartFile['header'],
  length: number,
  stripe: number,
): number {
  const rest = Math.min(dataParts * blockBytes, length - stripe * dataParts * blockBytes);
  const share = Math.ceil(rest / dataParts);
  return index >= dataParts ? share : Math.max(0, Math.min(share, rest - index * share));
}

function frame(bytes: Buffer, checksum: number): unknown {
  demand(crc32(bytes) === checksum, 'the check of header or footer');
  return JSON.parse(bytes.toString());
}

function demand(condition: boolean, what: string): void {
  if (!condition) throw new Error(`not a whole part: ${what}`);
}
