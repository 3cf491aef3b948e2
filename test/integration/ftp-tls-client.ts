/** TLS for the raw client: every step by itself, as a test wants it. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { testCertificate } from '../certificate.ts';
import { RawClient, type RawReply, readAll } from './ftp-raw-client.ts';

/** The handshake on a socket of a test; the server must show the tests' certificate. */
export async function handshake(socket: Socket, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const { certificate } = await testCertificate();
  const secured = connect({ socket, ca: certificate, host: 'localhost', ...options });
  await once(secured, 'secureConnect');
  // What a test does not look at shall not end it.
  secured.on('error', () => undefined);
  return secured;
}

/** A client whose control connection is TLS, and whose data connections are if it says so. */
export class TlsClient {
  readonly raw: RawClient;
  readonly control: TLSSocket;
  readonly #options: ConnectionOptions;
  #session: Buffer | undefined;

  static async connect(port: number, options: ConnectionOptions = {}): Promise<TlsClient> {
    const raw = await RawClient.connect(port);
    const { text } = await raw.ask('AUTH TLS');
    if (!text.startsWith('234')) throw new Error(text);
    return new TlsClient(raw, await handshake(raw.socket, options), options);
  }

  /** Logged in, with PROT P. */
  static async login(port: number, options: ConnectionOptions = {}): Promise<TlsClient> {
    const client = await TlsClient.connect(port, options);
    for (const command of ['USER u', 'PASS p', 'PBSZ 0', 'PROT P']) {
      const { code, text } = await client.ask(command);
      if (code >= 400) throw new Error(text);
    }
    return client;
  }

  private constructor(raw: RawClient, control: TLSSocket, options: ConnectionOptions) {
    this.raw = raw;
    this.control = control;
    this.#options = options;
    control.on('session', (session) => {
      this.#session = session;
    });
    raw.secureWith(control);
  }

  ask(command: string): Promise<RawReply> {
    return this.raw.ask(command);
  }

  reply(): Promise<RawReply> {
    return this.raw.reply();
  }

  /** Secures a data connection; resumes the control connection's session, as clients do. */
  async secure(data: Socket, options: ConnectionOptions = {}): Promise<TLSSocket> {
    const session = this.#session ?? this.control.getSession();
    return handshake(data, { ...this.#options, ...(session && { session }), ...options });
  }

  async store(command: string, content: string | Uint8Array): Promise<RawReply> {
    const data = await this.raw.data();
    const { code, text } = await this.ask(command);
    if (code !== 150) throw new Error(text);
    const secured = await this.secure(data);
    secured.resume(); // The server's goodbye is read, which ends the connection.
    secured.end(content);
    return this.reply();
  }

  async retrieve(command: string): Promise<{ reply: RawReply; content: Buffer }> {
    const data = await this.raw.data();
    const { code, text } = await this.ask(command);
    if (code !== 150) throw new Error(text);
    const content = await readAll(await this.secure(data));
    return { reply: await this.reply(), content };
  }

  destroy(): void {
    this.raw.destroy();
  }
}
