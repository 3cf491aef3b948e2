import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ControlLine,
  ControlLineReader,
  maxLineBytes,
} from '../../src/ftp/control/control-line-reader.ts';

function read(...segments: (string | readonly number[])[]): ControlLine[] {
  const reader = new ControlLineReader();
  return segments.flatMap((segment) =>
    reader.read(typeof segment === 'string' ? Buffer.from(segment) : Uint8Array.from(segment)),
  );
}

const command = (text: string): ControlLine => ({ kind: 'command', text });

describe('ControlLineReader', () => {
  it('takes CRLF and bare LF', () => {
    expect(read('USER a\r\nPASS b\nQUIT\r\n')).toEqual(['USER a', 'PASS b', 'QUIT'].map(command));
  });

  it('keeps an unfinished line for later', () => {
    expect(read('NO')).toEqual([]);
    expect(read('NO', 'OP\r', '\n')).toEqual([command('NOOP')]);
  });

  it('keeps spaces, a carriage return within, and empty lines', () => {
    expect(read('DELE  a \r\n\r\nDELE a\rb\r\n')).toEqual(['DELE  a ', '', 'DELE a\rb'].map(command));
  });

  it('gives the same lines however the bytes are cut into segments', () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.replace(/[\r\n]/g, ''));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(500)), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\r\n`).join(''));
        const ends = [...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort((a, b) => a - b);
        const segments = ends.map((end, index) => [...bytes.subarray(ends[index - 1] ?? 0, end)]);
        expect(read(...segments)).toEqual(lines.map(command));
      }),
    );
  });

  it('takes Telnet sequences out, also when they are cut', () => {
    const doEcho = [255, 253, 1];
    const terminalType = [255, 250, 24, 0, 65, 255, 255, 255, 240];
    const bytes = [
      ...Buffer.from('NO'),
      ...doEcho,
      ...Buffer.from('O'),
      ...terminalType,
      ...Buffer.from('P\n'),
    ];
    expect(read(bytes)).toEqual([command('NOOP')]);
    expect(read(...bytes.map((byte) => [byte]))).toEqual([command('NOOP')]);
  });

  it.each([
    ['all of the sequence within the stream', [255, 244, 255, 242]],
    ['the Data Mark sent as urgent data', [255, 244, 255]],
    ['the second IAC sent as urgent data', [255, 244, 242]],
  ])('reads an urgent ABOR: %s', (_case, prefix) => {
    expect(read([...prefix, ...Buffer.from('ABOR\r\n')])).toEqual([command('ABOR')]);
  });

  it('reads an ABOR whose line feed was sent as urgent data, or comes later', () => {
    expect(read('ABOR\r')).toEqual([command('ABOR')]);
    expect(read('ABOR\r', 'NOOP\r\n')).toEqual(['ABOR', 'NOOP'].map(command));
    expect(read('abor\r', '\n', 'NOOP\r\n')).toEqual(['abor', 'NOOP'].map(command));
    expect(read('STAT\r', '\n\n')).toEqual(['STAT', ''].map(command));
    expect(read('NOOP\r', 'X\n')).toEqual([command('NOOP\rX')]);
  });

  it('refuses a line that is too long and reads the next one', () => {
    const longest = 'x'.repeat(maxLineBytes);
    expect(read(`${longest}\n${longest}y\r\nNOOP\r\n`)).toEqual([
      command(longest),
      { kind: 'too-long' },
      command('NOOP'),
    ]);
  });

  it('refuses what is not UTF-8 instead of changing the name', () => {
    expect(read([...Buffer.from('STOR caf'), 0xe9, 10], 'NOOP\n')).toEqual([
      { kind: 'not-utf8' },
      command('NOOP'),
    ]);
  });
});
