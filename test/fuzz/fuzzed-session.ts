/** Runs one script against a server and checks what every session must keep to. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { ControlLineReader } from '../../src/ftp/control/control-line-reader.ts';
import { resetConnection } from '../../src/ftp/data/reset-connection.ts';
import { type ParsedReply, ReplyParser } from './reply-parser.ts';
import type { DataAct, DataTransfer, Lines, Script } from './script.ts';

/** A session that takes longer hangs. Everything that the server waits for is over much sooner. */
const deadlineMs = 120_000;

export interface Outcome {
  readonly commands: number;
  readonly replies: number;
}

export interface Ports {
  readonly port: number;
  /** For what begins with TLS. */
  readonly implicitPort: number;
}

/** @throws Error with all that was said when the server breaks a rule */
export async function runScript(ports: Ports, script: Script): Promise<Outcome> {
  const session = new FuzzedSession(script.secure === 'implicit' ? ports.implicitPort : ports.port);
  const deadline = setTimeout(() => session.giveUp(new Error('the session hangs')), deadlineMs);
  try {
    return await session.run(script);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${session.transcript}`, {
      cause: error,
    });
  } finally {
    clearTimeout(deadline);
    session.free();
  }
}

class FuzzedSession {
  readonly #socket: Socket;
  /** What carries commands and replies: the socket, or TLS on it. */
  #channel: Socket;
  #isTls = false;
  /** AUTH was granted to one who does not mean it: what follows is no TLS, and the server hangs up. */
  #isLost = false;
  readonly #parser = new ReplyParser();
  /** Cuts what is sent into lines as the server does. */
  readonly #reader = new ControlLineReader();
  readonly #data = new Set<Socket>();
  readonly #secured: Socket[] = [];
  readonly #said: string[] = [];
  readonly #closed: Promise<void>;
  readonly #failed = Promise.withResolvers<never>();
  /** Commands sent, those after QUIT not counted. */
  #commands = 0;
  #quits = false;
  #greeted = false;
  /** Final replies, the greeting not counted. */
  #replies = 0;
  #preliminary = 0;
  #goodbye: ParsedReply | undefined;
  #isClosed = false;
  #dataPort: number | undefined;
  #wake = Promise.withResolvers<void>();

  constructor(port: number) {
    this.#failed.promise.catch(() => undefined); // Whoever waits hears of it.
    this.#socket = connect({ host: '127.0.0.1', port });
    this.#socket.on('error', () => undefined);
    this.#channel = this.#socket;
    this.#socket.on('data', this.#take);
    this.#closed = new Promise((resolve) => {
      this.#socket.once('close', () => {
        this.#isClosed = true;
        this.#arrived();
        resolve();
      });
    });
  }

  get transcript(): string {
    return this.#said.join('\n');
  }

  giveUp(reason: unknown): void {
    this.#failed.reject(reason);
  }

  free(): void {
    // TLS first: a socket that is destroyed under it can stay open.
    for (const socket of this.#secured) socket.destroy();
    this.#socket.destroy();
    for (const socket of this.#data) socket.destroy();
  }

  run(script: Script): Promise<Outcome> {
    return Promise.race([this.#run(script), this.#failed.promise]);
  }

  async #run({ secure, login, steps, end }: Script): Promise<Outcome> {
    if (secure === 'implicit') await this.#startTls();
    await this.#until(() => this.#greeted);
    if (secure === 'explicit') {
      this.#isTls = true; // From now on 234 is meant.
      this.#send(Buffer.from('AUTH TLS\r\n'));
      await this.#answered();
      await this.#startTls();
      this.#send(Buffer.from('PBSZ 0\r\nPROT P\r\n'));
      await this.#answered();
    }
    for (const command of login) {
      this.#send(Buffer.from(`${command}\r\n`));
      await this.#answered();
    }
    for (const step of steps) {
      if (this.#isClosed) break;
      if (step.kind === 'lines') await this.#sendLines(step);
      else await this.#transfer(step);
    }
    await this.#leave(end);
    if (this.#preliminary > this.#commands) throw new Error('there are more 1xx replies than commands');
    return { commands: this.#commands, replies: this.#replies };
  }

  async #startTls(): Promise<void> {
    this.#isTls = true;
    this.#socket.off('data', this.#take);
    this.#channel = this.#secure(this.#socket);
    await once(this.#channel, 'secureConnect');
    this.#channel.on('data', this.#take);
  }

  #secure(socket: Socket): Socket {
    const secured = connectTls({ socket, rejectUnauthorized: false });
    this.#secured.push(secured);
    secured.on('error', () => undefined);
    return secured;
  }

  async #leave(end: Script['end']): Promise<void> {
    switch (end) {
      case 'quit':
        this.#send(Buffer.from('QUIT\r\n'));
        await this.#closed;
        this.#checkEnd();
        return;
      case 'await-and-drop':
        await this.#answered();
        break;
      case 'half-close':
        this.#channel.end();
        await this.#closed;
        if (this.#replies > this.#commands + 1) throw new Error('there are more replies than commands');
        return;
      case 'reset':
        resetConnection(this.#socket);
        break;
      case 'drop':
        break;
    }
    this.#channel.destroy();
    this.#socket.destroy();
    await this.#closed;
  }

  /** The server hung up: after 221, or 421, which nobody need have asked for. */
  #checkEnd(): void {
    if (this.#isLost) return;
    const code = this.#goodbye?.code;
    if (code === undefined) throw new Error('the server hung up without a word');
    if (!this.#parser.isComplete) throw new Error('the last reply is not whole');
    const right = code === 221 ? this.#replies === this.#commands : this.#replies <= this.#commands + 1;
    if (!right) throw new Error(`${this.#commands} commands had ${this.#replies} final replies`);
  }

  /** Every command so far has its final reply, or the server has hung up. */
  async #answered(): Promise<void> {
    await this.#until(() => this.#isClosed || this.#isLost || this.#replies >= this.#commands);
    if (this.#isLost) return;
    // What would be one reply too many comes with the others.
    await nextTurn();
    if (this.#isClosed && !this.#goodbye) throw new Error('the server hung up without a word');
    if (!this.#goodbye && this.#replies > this.#commands) {
      throw new Error(`${this.#commands} commands had ${this.#replies} final replies`);
    }
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#isClosed) throw new Error('the server hung up too early');
      await this.#wake.promise;
    }
  }

  #arrived(): void {
    const { resolve } = this.#wake;
    this.#wake = Promise.withResolvers();
    resolve();
  }

  async #sendLines({ bytes, cuts, waits }: Lines): Promise<void> {
    // The server ends ABOR with its CR when nothing follows yet: no cut between CR and what follows.
    const places = [...cuts]
      .map((share) => Math.floor(share * bytes.length))
      .map((place) => (bytes[place - 1] === 0x0d ? place + 1 : place))
      .sort((a, b) => a - b);
    let from = 0;
    for (const place of [...places, bytes.length]) {
      if (place > from) this.#send(bytes.subarray(from, place));
      from = Math.max(from, place);
      if (place < bytes.length) await nextTurn();
    }
    if (waits) await this.#answered();
  }

  async #transfer({ setup, before, command, act, connectsFirst, meanwhile }: DataTransfer): Promise<void> {
    await this.#answered();
    this.#dataPort = undefined;
    this.#send(Buffer.from(`${setup}\r\n`));
    await this.#answered();
    for (const line of before) this.#send(Buffer.from(`${line}\r\n`));
    if (connectsFirst) await this.#connectData(act);
    this.#send(Buffer.from(`${command}\r\n`));
    for (const line of meanwhile) this.#send(Buffer.from(`${line}\r\n`));
    if (!connectsFirst) await this.#connectData(act);
    await this.#answered();
  }

  async #connectData(act: DataAct): Promise<void> {
    const port = this.#dataPort;
    if (port === undefined || act.kind === 'none' || this.#isClosed) return;
    const socket = connect({ host: '127.0.0.1', port });
    this.#data.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#data.delete(socket));
    switch (act.kind) {
      case 'send': {
        const data = this.#protected(socket);
        data.resume();
        data.end(Buffer.alloc(act.bytes, 'content '));
        break;
      }
      case 'reset':
        socket.once('connect', () => {
          socket.write(Buffer.alloc(act.bytes, 'x'), () => resetConnection(socket));
        });
        break;
      case 'read':
        this.#protected(socket).resume();
        break;
      case 'half-close':
        socket.resume();
        socket.end();
        break;
      case 'stay':
        break;
    }
  }

  /** A data connection as the server expects it; others of these connections do not care. */
  #protected(socket: Socket): Socket {
    return this.#isTls ? this.#secure(socket) : socket;
  }

  #send(bytes: Buffer): void {
    if (this.#isClosed || this.#socket.destroyed) return;
    this.#said.push(`> ${JSON.stringify(bytes.toString('latin1').slice(0, 300))}`);
    for (const line of this.#reader.read(bytes)) {
      if (this.#quits) continue;
      this.#commands++;
      this.#quits = line.kind === 'command' && /^QUIT(?: |$)/i.test(line.text);
    }
    this.#channel.write(bytes);
  }

  readonly #take = (bytes: Buffer): void => {
    if (this.#isLost) return;
    try {
      for (const reply of this.#parser.read(bytes)) this.#reply(reply);
    } catch (error) {
      this.giveUp(error);
    }
    this.#arrived();
  };

  #reply(reply: ParsedReply): void {
    this.#said.push(`< ${reply.text}`);
    if (this.#goodbye) throw new Error('something follows a goodbye');
    if (reply.code < 200) {
      this.#preliminary++;
      return;
    }
    if (reply.code === 221 || reply.code === 421) this.#goodbye = reply;
    if (reply.code === 234 && !this.#isTls) this.#isLost = true;
    if (this.#greeted) this.#replies++;
    else if (reply.code !== 220) throw new Error('the greeting is not 220');
    this.#greeted = true;
    const port = /\(\|\|\|(\d+)\|\)/.exec(reply.text)?.[1];
    const [, high, low] = /\(\d+,\d+,\d+,\d+,(\d+),(\d+)\)/.exec(reply.text) ?? [];
    if (reply.code === 229 && port !== undefined) this.#dataPort = Number(port);
    if (reply.code === 227) this.#dataPort = Number(high) * 256 + Number(low);
  }
}
