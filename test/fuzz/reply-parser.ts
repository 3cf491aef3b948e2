/** Reads replies and insists on their form (RFC 959, section 4.2). */

export interface ParsedReply {
  readonly code: number;
  readonly text: string;
}

/** What must not stand in a line of a reply. */
const unprintable = /[\p{Cc}--[\u0080-\u009f]]/v;

export class ReplyParser {
  #text = '';
  #open: { readonly code: string; readonly lines: string[] } | undefined;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });

  /** The replies that are complete with these bytes. @throws Error when they are none */
  read(bytes: Uint8Array): ParsedReply[] {
    this.#text += this.#decoder.decode(bytes, { stream: true });
    const replies: ParsedReply[] = [];
    for (let end = this.#text.indexOf('\n'); end >= 0; end = this.#text.indexOf('\n')) {
      const line = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 1);
      const reply = this.#line(line);
      if (reply) replies.push(reply);
    }
    return replies;
  }

  /** Whether everything read so far was whole. */
  get isComplete(): boolean {
    return this.#text === '' && this.#open === undefined;
  }

  #line(ended: string): ParsedReply | undefined {
    if (!ended.endsWith('\r')) throw new Error(`a reply's line ends without CR: ${JSON.stringify(ended)}`);
    const line = ended.slice(0, -1);
    if (unprintable.test(line))
      throw new Error(`a reply holds what cannot be printed: ${JSON.stringify(line)}`);
    const open = this.#open;
    if (open) {
      open.lines.push(line);
      // RFC 959: a line within that begins with the code and a space would end it, so others begin with a space.
      if (!line.startsWith(`${open.code} `)) {
        if (!line.startsWith(' ')) throw new Error(`a line within a reply is not indented: ${line}`);
        return undefined;
      }
      this.#open = undefined;
      return { code: Number(open.code), text: open.lines.join('\n') };
    }
    const match = /^([1-5]\d\d)([ -])./.exec(line);
    const [, code, separator] = match ?? [];
    if (code === undefined) throw new Error(`this is no reply: ${JSON.stringify(line)}`);
    if (separator === '-') {
      this.#open = { code, lines: [line] };
      return undefined;
    }
    return { code: Number(code), text: line };
  }
}
