/**
 * Stands between the coordinator and one storage server: control connections line by line, data connections through
 * {@link DataLink}. Faults that a test has armed strike at the commands they name.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '../ports.ts';
import { DataLink } from './data-link.ts';
import { controlFaults, dataFaults, type Fault, type FaultKind, replyFaults } from './faults.ts';

export interface FaultProxyOptions {
  /** The storage server's, on 127.0.0.1. */
  readonly port: number;
  /**
   * The server hides that it stores atomically, so that the coordinator uses temporary names, RNFR and RNTO. With
   * `in-place` it knows no RNFR, and an upload destroys the file that was there when it begins.
   */
  readonly plain?: boolean | 'in-place';
  /** Does to a stored file what a lying server does; `path` as the command names it. */
  readonly spoil?: (path: string, how: 'remove' | 'halve' | 'empty') => Promise<void>;
}

export class FaultProxy {
  readonly options: FaultProxyOptions;
  /** Commands that came, by name, since {@link arm}. */
  readonly seen = new Map<string, number>();
  readonly #sessions = new Set<ProxySession>();
  #server: Server | undefined;
  #port = 0;
  #armed: Fault | undefined;
  #struck = 0;
  #times = 0;
  #extraLatency = 0;

  private constructor(options: FaultProxyOptions) {
    this.options = options;
  }

  static async start(options: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    // Not one that outgoing connections are given: it must be free again whenever the storage server comes up.
    [proxy.#port = 0] = await freePorts(1);
    await proxy.up();
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  /** How often the armed fault has struck. */
  get struck(): number {
    return this.#struck;
  }

  /** Control and data connections that are open. */
  get connections(): number {
    return [...this.#sessions].reduce((sum, session) => sum + session.connections, 0);
  }

  /** Resolves when no connection is open any more. @throws Error when that takes more than ten seconds */
  async quiet(): Promise<void> {
    for (let tries = 0; this.connections > 0; tries++) {
      if (tries === 500) throw new Error(`${this.connections} connections to a storage server are left open`);
      await delay(20);
    }
  }

  /** Data connections, and listeners for them, that are open. */
  get dataConnections(): number {
    return [...this.#sessions].reduce((sum, session) => sum + session.dataConnections, 0);
  }

  /** Milliseconds that every reply is held back. */
  get latency(): number {
    return this.#extraLatency;
  }
  set latency(milliseconds: number) {
    this.#extraLatency = milliseconds;
  }

  /** From now on the fault strikes, so many times; none when undefined. */
  arm(fault: Fault | undefined, times = Number.POSITIVE_INFINITY): void {
    this.#armed = fault;
    this.#times = times;
    this.#struck = 0;
    this.seen.clear();
  }

  /** The fault that strikes at this command now, if one does. */
  take(command: string): FaultKind | undefined {
    this.seen.set(command, (this.seen.get(command) ?? 0) + 1);
    if (this.#armed?.at !== command || this.#struck >= this.#times) return undefined;
    this.#struck += 1;
    return this.#armed.kind;
  }

  /** The storage server is gone: its connections are reset, new ones are refused. */
  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.resetAll();
    if (!server) return;
    const closed = once(server, 'close');
    server.close();
    await closed;
  }

  async up(): Promise<void> {
    if (this.#server) return;
    const server = createServer({ allowHalfOpen: true }, (client) => {
      const session = new ProxySession(this, client, () => this.#sessions.delete(session));
      this.#sessions.add(session);
      session.start();
    });
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
  }

  resetAll(): void {
    for (const session of this.#sessions) session.destroy();
  }
}

/** One control connection. */
class ProxySession {
  readonly #proxy: FaultProxy;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #end: () => void;
  readonly #links = new Set<DataLink>();
  readonly #fromClient = new Lines((line) => this.#command(line));
  readonly #fromServer = new Lines((line) => this.#reply(line));
  #verb = '';
  #argument = '';
  /** Of the command whose reply is awaited. */
  #fault: FaultKind | undefined;
  #mute = false;
  /** Lines of replies are sent in turn, also when one takes a while. */
  #sending = Promise.resolve();

  constructor(proxy: FaultProxy, client: Socket, onEnd: () => void) {
    this.#proxy = proxy;
    this.#client = client;
    this.#end = onEnd;
    this.#server = connect({ port: proxy.options.port, host: '127.0.0.1', allowHalfOpen: true });
    client.setNoDelay(true);
    this.#server.setNoDelay(true);
    for (const [socket, other] of [
      [client, this.#server],
      [this.#server, client],
    ] as const) {
      socket.on('error', () => this.destroy());
      socket.on('end', () => {
        if (!this.#mute) other.end();
        else if (socket === client) this.destroy();
      });
      socket.on('close', () => {
        if (other.destroyed) this.#leave();
        else if (!this.#mute || socket === client) other.destroySoon();
      });
    }
  }

  start(): void {
    const fault = this.#proxy.take('CONNECT');
    if (fault) this.#strike(fault);
    this.#client.on('data', (bytes: Buffer) => this.#fromClient.push(bytes));
    this.#server.on('data', (bytes: Buffer) => this.#fromServer.push(bytes));
  }

  get connections(): number {
    return (this.#client.destroyed ? 0 : 1) + this.dataConnections;
  }

  get dataConnections(): number {
    return [...this.#links].filter(({ open }) => open).length;
  }

  destroy(): void {
    for (const link of this.#links) link.destroy();
    for (const socket of [this.#client, this.#server]) if (!socket.destroyed) socket.resetAndDestroy();
    this.#end();
  }

  /** Both sides have gone: nobody comes to a passive port any more. */
  #leave(): void {
    for (const link of this.#links) link.abandon();
    this.#end();
  }

  #command(line: string): void {
    if (this.#mute) return;
    const [word = '', ...rest] = line.split(' ');
    this.#verb = word.toUpperCase();
    this.#argument = rest.join(' ');
    this.#fault = undefined;
    const fault = this.#proxy.take(this.#verb);
    if (fault && this.#strike(fault)) return;
    const { plain, spoil } = this.#proxy.options;
    const forward = () => void this.#server.write(`${line}\r\n`);
    if (plain !== 'in-place') forward();
    else if (this.#verb === 'RNFR') this.#client.write('502 what is that?\r\n');
    else if (this.#verb === 'STOR' && spoil) {
      spoil(this.#argument, 'empty').then(forward, () => this.destroy());
    } else forward();
  }

  /** @returns whether the storage server is not to hear of the command */
  #strike(kind: FaultKind): boolean {
    if (includes(controlFaults, kind)) {
      this.#mute = true;
      if (kind === 'reset') this.destroy();
      else if (kind === 'says-421') this.#client.end('421 Service not available, closing.\r\n');
      else if (kind === 'garbled') this.#client.end('\u0000\u0007}}} not a reply at all\r\n%%%\r\n');
      else if (kind === 'half-open') this.#client.end();
      else if (kind === 'close') this.#client.end().destroySoon();
      if (kind !== 'stall') this.#server.destroy();
      return true;
    }
    if (includes(replyFaults, kind)) {
      const code = /\d{3}/.exec(kind)?.[0];
      const words = kind.endsWith('full') ? 'no space left on device' : 'that is not to be had';
      this.#client.write(`${code} ${words}\r\n`);
      if (['STOR', 'RETR', 'REST'].includes(this.#verb)) for (const link of this.#links) link.abandon();
      return true;
    }
    if (includes(dataFaults, kind)) for (const link of this.#links) link.fault = kind;
    this.#fault = kind;
    return false;
  }

  #reply(line: string): void {
    const complete = /^\d{3} /.test(line);
    const final = complete && !line.startsWith('1');
    const hidden = this.#proxy.options.plain && line.trim().toUpperCase() === 'X-ATOMIC-STOR';
    if (this.#mute || hidden) return;
    const fault = this.#fault;
    if (final) this.#fault = undefined;
    this.#sending = this.#sending.then(() => this.#send(line, final, fault)).catch(() => this.destroy());
  }

  async #send(line: string, final: boolean, fault: FaultKind | undefined): Promise<void> {
    if (this.#proxy.latency > 0) await delay(this.#proxy.latency);
    if (this.#client.destroyed) return; // Nobody would come to a passive port, and so nobody close it.
    const port = /^229 .*\(\|\|\|(\d+)\|\)/.exec(line)?.[1];
    if (port !== undefined) {
      await this.#passive(Number(port), fault);
      return;
    }
    if (!final || fault === undefined) this.#client.write(`${line}\r\n`);
    else if (fault === 'reply-lost') this.destroy();
    else if (fault === 'lying-size')
      this.#client.write(`${line.replace(/\d+$/, (n) => `${Number(n) + 1}`)}\r\n`);
    else if (fault === 'data-451') this.#client.write('451 local error in processing\r\n');
    else if (fault === 'reply-dribbled') {
      for (const character of `${line}\r\n`) {
        this.#client.write(character);
        await delay(1);
      }
    } else {
      if (fault === 'stored-then-gone') await this.#proxy.options.spoil?.(this.#argument, 'remove');
      if (fault === 'stored-then-halved') await this.#proxy.options.spoil?.(this.#argument, 'halve');
      this.#client.write(`${line}\r\n`);
    }
  }

  async #passive(port: number, fault: FaultKind | undefined): Promise<void> {
    for (const link of this.#links) if (!link.open) this.#links.delete(link);
    if (fault === 'port-closed') {
      // Not one that was open a moment ago: the system may give that to another listener at once.
      const [closed] = await freePorts(1);
      this.#client.write(`229 Extended passive mode (|||${closed}|)\r\n`);
      return;
    }
    const link = new DataLink(port);
    this.#links.add(link);
    const told = await link.listening;
    if (fault === 'reply-lost') this.destroy();
    else this.#client.write(`229 Extended passive mode (|||${told}|)\r\n`);
  }
}

function includes<T extends string>(kinds: readonly T[], kind: string): kind is T {
  return kinds.some((each) => each === kind);
}

/** Puts the lines of a control connection together. */
class Lines {
  readonly #onLine: (line: string) => void;
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(bytes: Buffer): void {
    const lines = (this.#rest + bytes.toString('utf8')).split('\r\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#onLine(line);
  }
}
