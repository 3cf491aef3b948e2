import { open, readFile } from 'node:fs/promises';

/** Changes one bit of a file; once more, and it is as it was. @param at byte of the file */
export async function flipBit(path: string, at: number): Promise<void> {
  const byte = (await readFile(path))[at];
  if (byte === undefined) throw new RangeError(`${path} has no byte ${at}`);
  const file = await open(path, 'r+');
  await file.write(Buffer.from([byte ^ 0x10]), 0, 1, at);
  await file.close();
}
