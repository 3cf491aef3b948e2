/**
 * Cuts the bytes of a control connection into command lines (RFC 959, section 4.1.3; RFC 854 for Telnet).
 * Lines end in CRLF or a bare LF, may arrive in any number of TCP segments, and are UTF-8 (RFC 2640).
 */
export type ControlLine =
  | { readonly kind: 'command'; readonly text: string }
  | { readonly kind: 'too-long' }
  | { readonly kind: 'not-utf8' };

/** Bytes of one line, its end not counted. Longer than any path that is accepted. */
export const maxLineBytes = 8192;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Telnet (RFC 854). None of these bytes can begin a command. */
const telnet = { se: 240, dataMark: 242, sb: 250, will: 251, dont: 254, iac: 255 } as const;

type TelnetState = 'text' | 'command' | 'option' | 'subnegotiation' | 'subnegotiation-command';

export class ControlLineReader {
  readonly #line = Buffer.allocUnsafe(maxLineBytes);
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #length = 0;
  #tooLong = false;
  #skipsLineFeed = false;
  #telnet: TelnetState = 'text';

  /** Whether a line has begun that has not ended yet. */
  get isWithinLine(): boolean {
    return this.#length > 0 || this.#tooLong || this.#telnet !== 'text';
  }

  /** The lines that are complete with this segment. */
  read(segment: Uint8Array): ControlLine[] {
    const lines: ControlLine[] = [];
    for (const byte of segment) {
      if (this.#telnet !== 'text' || byte === telnet.iac) {
        if (!this.#isText(byte)) continue;
      }
      const skipped = this.#skipsLineFeed && byte === lineFeed;
      this.#skipsLineFeed = false;
      if (skipped) continue;
      if (byte === lineFeed) lines.push(this.#endLine());
      else this.#append(byte);
    }
    if (this.#isUrgentWithoutEnd()) {
      lines.push(this.#endLine());
      this.#skipsLineFeed = true;
    }
    return lines;
  }

  /**
   * Python's ftplib sends all of ABOR as urgent data. TCP keeps its last byte, the LF, out of the stream, and Node
   * cannot put it back (SO_OOBINLINE); so these two commands end with their CR when nothing follows yet.
   */
  #isUrgentWithoutEnd(): boolean {
    if (this.#length !== 5 || this.#tooLong) return false;
    return /^(?:ABOR|STAT)\r$/i.test(this.#line.toString('latin1', 0, 5));
  }

  /** Follows a Telnet sequence; true for a byte that is not part of one. */
  #isText(byte: number): boolean {
    switch (this.#telnet) {
      case 'text':
        this.#telnet = 'command';
        return false;
      case 'command':
        if (byte === telnet.sb) this.#telnet = 'subnegotiation';
        else if (byte >= telnet.will && byte <= telnet.dont) this.#telnet = 'option';
        else this.#telnet = 'text';
        // The Data Mark that follows an IAC is urgent data, which TCP may deliver outside of the stream: then a
        // letter of ABOR follows the IAC directly.
        return byte < telnet.se;
      case 'option':
        this.#telnet = 'text';
        return false;
      case 'subnegotiation':
        if (byte === telnet.iac) this.#telnet = 'subnegotiation-command';
        return false;
      case 'subnegotiation-command':
        this.#telnet = byte === telnet.se ? 'text' : 'subnegotiation';
        return false;
    }
  }

  #append(byte: number): void {
    // Likewise the IAC may be what was urgent, which leaves a Data Mark alone before the command.
    if (this.#length === 0 && byte === telnet.dataMark) return;
    if (this.#length === maxLineBytes) this.#tooLong = true;
    else this.#line[this.#length++] = byte;
  }

  #endLine(): ControlLine {
    const tooLong = this.#tooLong;
    let length = this.#length;
    this.#tooLong = false;
    this.#length = 0;
    if (tooLong) return { kind: 'too-long' };
    if (length > 0 && this.#line[length - 1] === carriageReturn) length--;
    try {
      return { kind: 'command', text: this.#decoder.decode(this.#line.subarray(0, length)) };
    } catch {
      return { kind: 'not-utf8' };
    }
  }
}
