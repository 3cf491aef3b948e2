/** The lines of SITE PUT and SITE GET, without a server. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  inlineReadBytes,
  inlineStore,
  inlineStoreBytes,
  parseInline,
} from '../../src/ftp/commands/inline.ts';
import { ControlLineReader } from '../../src/ftp/control/control-line-reader.ts';

it('as many bytes as are promised fit into a line that the server takes, and no line is longer', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 5000 }), fc.nat(3), (name, more) => {
      const path = `/${name.replaceAll(/[\r\n]/g, '')}`;
      const fits = inlineStoreBytes(path);
      const command = inlineStore(path, Buffer.alloc(fits + more * 3));
      if (more === 0 && fits > 0) expect(command).toBeDefined();
      if (command === undefined) return;
      const [line] = new ControlLineReader().read(Buffer.from(`${command}\r\n`));
      expect(line?.kind).toBe('command');
    }),
  );
});

it('an answer is understood however its lines were cut, and never when a byte of it is missing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(400), (bytes, cut) => {
      const base64 = Buffer.from(bytes).toString('base64');
      const at = cut % base64.length;
      const answer = (content: string) => `200-${bytes.length} bytes\n ${content}\n200 End`;
      const { size, content } = parseInline(answer(`${base64.slice(0, at)}\n${base64.slice(at)}`)) ?? {};
      expect(size).toBe(bytes.length);
      expect(content).toEqual(Buffer.from(bytes));
      const short = Buffer.from(bytes.subarray(1)).toString('base64');
      expect(parseInline(answer(short))).toBeUndefined();
    }),
  );
});

it('of a long file the answer has the beginning', () => {
  const content = Buffer.alloc(inlineReadBytes, 1);
  const answer = `200-1000000 bytes\n ${content.toString('base64')}\n200 End`;
  expect(parseInline(answer)).toEqual({ size: 1_000_000, content });
});
