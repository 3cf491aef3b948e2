import type { Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import type { Log } from '../log/log.ts';
import type { Admission } from './access/admission.ts';
import type { Login, LoginResult } from './access/login-result.ts';
import type { LoginThrottle } from './access/login-throttle.ts';
import type { AdoptedConnection } from './adoption.ts';
import { commandTable } from './commands/command-table.ts';
import { isAbort, isUrgent, parseCommand, verbOf } from './control/command-line.ts';
import { ControlConnection } from './control/control-connection.ts';
import type { ControlLine } from './control/control-line-reader.ts';
import { type DataConnectionOptions, plainAddress } from './data/data-connector.ts';
import { PreparedConnection } from './data/prepared-connection.ts';
import { Transfer } from './data/transfer.ts';
import { type DigestAlgorithm, digestAlgorithms } from './digest.ts';
import type { FileSystem } from './file-system.ts';
import type { Limits } from './limits.ts';
import { type FactName, usualFacts } from './listing-format.ts';
import { keepsPreparation, type Preparation } from './preparation.ts';
import {
  closesConnection,
  defectReply,
  lostSession,
  type Reply,
  ReplyError,
  replyToError,
  startsTls,
} from './replies.ts';
import { SessionRecord } from './session-record.ts';
import { type FtpTls, TlsUpgrade } from './tls.ts';
import { resolvePath } from './virtual-path.ts';

/**
 * Answers a SITE command with the lines of its 200 reply; `argument` is what follows the command's name, `resolve` gives
 * the absolute path that one in the argument means.
 */
export type SiteCommand = (argument: string, resolve: (path: string) => string) => Promise<readonly string[]>;

export interface SessionOptions {
  readonly limits: Limits;
  readonly log: Log;
  readonly admission: Admission;
  readonly throttle: LoginThrottle;
  readonly dataConnections: DataConnectionOptions;
  /** What `SITE NAME argument` does for a login that brings nothing of its own. */
  readonly site: ReadonlyMap<string, SiteCommand>;
  /** @param address the client's, IPv4 where it can be written so */
  login(user: string, password: string, address: string): Promise<LoginResult>;
  readonly tls?: SessionTls;
}

export interface SessionTls extends FtpTls {
  /** Of every TLS connection of the server. */
  readonly settings: TlsOptions;
}

/** One client's control connection: takes its commands in order and runs one at a time. */
export class Session {
  readonly options: SessionOptions;
  /** The client's, IPv4 where it can be written so. */
  readonly address: string;
  readonly record: SessionRecord;
  readonly data: PreparedConnection;
  /** Resolves when the connection is closed and all that belonged to the session is freed. */
  readonly ended: Promise<void>;

  user: string | undefined;
  fileSystem: FileSystem | undefined;
  failedLogins = 0;
  workingFolder = '/';
  /** What MLSD and MLST tell; set by OPTS MLST. */
  facts: readonly FactName[] = usualFacts;
  /** Of HASH; set by OPTS HASH. */
  digestAlgorithm: DigestAlgorithm = digestAlgorithms[0];
  /** Of the next upload, after SITE EXPECT. */
  expectedBytes: number | undefined;
  /** PROT P: data connections are TLS. */
  protectsData: boolean;

  #site: ReadonlyMap<string, SiteCommand> = new Map();
  readonly #connection: ControlConnection;
  #tls: TlsUpgrade | undefined;
  #loginTimer: NodeJS.Timeout;
  readonly #idleTimer: NodeJS.Timeout;
  #queue: ControlLine[] = [];
  #running: Promise<void> | undefined;
  #preparation: Preparation | undefined;
  #transfer: Transfer | undefined;
  /** Its data connection is closed after its reply. */
  #endedTransfer: Transfer | undefined;
  readonly #closing = new AbortController();
  #endReason: string | undefined;

  constructor(adopted: AdoptedConnection, options: SessionOptions) {
    const { limits } = options;
    this.options = options;
    this.#connection = new ControlConnection(adopted, limits.goodbyeMs, {
      onLines: (lines) => this.#receive(lines),
      onEnd: () => this.#transfer?.abort(lostSession()),
    });
    this.address = plainAddress(this.socket.remoteAddress ?? '');
    this.data = new PreparedConnection(
      this.socket,
      options.dataConnections,
      limits.dataConnectionMs,
      this.closing,
    );
    this.record = new SessionRecord(options.log, this.#connection.id, this.address);
    // With implicit TLS clients take that for granted; otherwise they must ask (RFC 4217, section 9).
    this.protectsData = this.#connection.isSecure;
    this.#loginTimer = this.#startLoginTimer();
    this.#idleTimer = setTimeout(() => this.#endIdle(), limits.idleMs);
    this.ended = this.#connection.closed.then(async () => {
      this.#free();
      await this.#running;
      this.record.disconnected(this.#endReason ?? this.socket.errored?.message ?? 'the client hung up');
    });
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Aborted when the session ends. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  get log(): Log {
    return this.record.log;
  }

  get socket(): Socket {
    return this.#connection.socket;
  }

  /** Whether the control connection is TLS. */
  get isSecure(): boolean {
    return this.#connection.isSecure;
  }

  /** Whether the next upload is whole only when TLS says so: its size is not known otherwise. */
  get demandsCloseNotify(): boolean {
    return this.expectedBytes === undefined && !this.options.tls?.trustsEndOfData;
  }

  /** Whether more has arrived than the command that is being run. */
  get hasWaitingInput(): boolean {
    return this.#queue.length > 0 || this.#connection.isWithinLine;
  }

  get transfer(): Transfer | undefined {
    return this.#transfer;
  }

  /** Says goodbye and hangs up; a running transfer is aborted. */
  close(reply: Reply): Promise<void> {
    this.#end(reply.code, reply.text);
    return this.ended;
  }

  async reply(reply: Reply): Promise<void> {
    this.#touch();
    if (closesConnection(reply)) {
      this.#endReason ??= reply.text;
      this.#free(); // What the client has sent after QUIT is not done.
    }
    if (startsTls(reply)) await this.#connection.startTls(reply, this.#tlsUpgrade());
    else await this.#connection.send(reply);
  }

  /** @throws FileSystemError `invalid-name` */
  resolve(argument: string): string {
    return resolvePath(this.workingFolder, argument);
  }

  /** The SITE commands of the one who is logged in, if anybody is. */
  get site(): ReadonlyMap<string, SiteCommand> {
    return this.fileSystem ? this.#site : new Map();
  }

  loggedIn({ fileSystem, site }: Login): void {
    clearTimeout(this.#loginTimer);
    this.fileSystem = fileSystem;
    this.#site = site ?? this.options.site;
  }

  /** Back to the state of a new connection; what is left is the connection itself. */
  logOut(): void {
    // Who was not logged in gets no more time for it.
    if (this.fileSystem && !this.#closed) this.#loginTimer = this.#startLoginTimer();
    this.user = undefined;
    this.fileSystem = undefined;
    this.workingFolder = '/';
    this.facts = usualFacts;
    this.digestAlgorithm = digestAlgorithms[0];
    this.data.onlyExtendedPassive = false;
    this.expectedBytes = undefined;
    this.#preparation = undefined;
    this.data.close();
  }

  #startLoginTimer(): NodeJS.Timeout {
    return setTimeout(() => this.#end(421, 'Nobody logged in in time.'), this.options.limits.loginMs);
  }

  prepare(preparation: Preparation): void {
    this.#preparation = preparation;
  }

  /** What RNFR or REST left, if only commands that keep it came between. */
  takePreparation(): Preparation | undefined {
    const preparation = this.#preparation;
    this.#preparation = undefined;
    return preparation;
  }

  /** Waits for the data connection of the next transfer; gives the port. @throws ReplyError 425 */
  listenForData(): Promise<number> {
    const { tls } = this.options;
    return this.data.listen(
      tls && this.protectsData
        ? { tls: this.#tlsUpgrade(), demandsCloseNotify: this.demandsCloseNotify }
        : undefined,
    );
  }

  /** Runs a transfer over the data connection that was prepared; closes that however it ends. */
  async runTransfer(work: (transfer: Transfer) => Promise<Reply>): Promise<Reply> {
    const { connector } = this.data;
    if (!connector) throw new ReplyError(425, 'There is no data connection: use EPSV or PASV first.');
    const { limits, tls } = this.options;
    if (tls?.required && !this.protectsData) {
      throw new ReplyError(521, 'Data must be protected: use PROT P first.');
    }
    const transfer = new Transfer({
      connector,
      stallMs: limits.stallMs,
      announce: (reply) => this.reply(reply),
      ...(this.protectsData && { tls: this.#tlsUpgrade() }),
    });
    this.#transfer = transfer;
    if (this.#closed || this.#queue.some(isAbort)) transfer.abort(aborted());
    try {
      return await work(transfer);
    } finally {
      this.#transfer = undefined;
      if (transfer.isOpen) this.#endedTransfer = transfer;
      else this.data.close();
      this.#touch();
    }
  }

  #tlsUpgrade(): TlsUpgrade {
    const { tls } = this.options;
    if (!tls) throw new TypeError('a server without TLS has nothing to upgrade with');
    this.#tls ??= new TlsUpgrade(tls.settings, (error) =>
      this.log.debug({ reason: error.message }, 'TLS handshake failed'),
    );
    return this.#tls;
  }

  #receive(lines: readonly ControlLine[]): void {
    this.#touch();
    for (const line of lines) {
      if (this.#closed) return;
      if (this.#transfer && isAbort(line)) this.#transfer.abort(aborted());
      if (this.#transfer && this.#queue.length === 0 && isUrgent(line)) {
        void this.#execute(line);
        continue;
      }
      if (this.#queue.length >= this.options.limits.queuedCommands) {
        this.#end(421, 'Too many commands are waiting.');
        return;
      }
      this.#queue.push(line);
    }
    if (this.#queue.length > 0) this.#running ??= this.#runQueue();
  }

  async #runQueue(): Promise<void> {
    for (let line = this.#queue.shift(); line; line = this.#queue.shift()) {
      await this.#execute(line);
    }
    this.#running = undefined;
  }

  /** Never rejects. */
  async #execute(line: ControlLine): Promise<void> {
    const preparation = this.#preparation;
    let reply: Reply;
    try {
      reply = await this.#answer(line);
    } catch (error) {
      reply = replyToError(error) ?? defectReply;
      if (reply === defectReply) this.log.error({ err: error }, 'a command failed unexpectedly');
    }
    if (this.#preparation === preparation && !keepsPreparation(verbOf(line))) this.#preparation = undefined;
    await this.reply(reply);
    await this.#closeEndedTransfer();
  }

  async #closeEndedTransfer(): Promise<void> {
    const transfer = this.#endedTransfer;
    if (!transfer) return;
    this.#endedTransfer = undefined;
    if (!this.#closed) await transfer.hangUp(this.options.limits.goodbyeMs);
    this.data.close();
  }

  async #answer(line: ControlLine): Promise<Reply> {
    if (line.kind === 'too-long') return { code: 500, text: 'The line is too long.' };
    if (line.kind === 'not-utf8') return { code: 501, text: 'The line is not UTF-8.' };
    const { verb, argument } = parseCommand(line.text);
    if (verb === '') return { code: 500, text: 'The line holds no command.' };
    const command = commandTable.get(verb);
    this.record.command(verb, argument, command !== undefined);
    if (!command) {
      // RFC 959, section 4.2.2: 502 for a command of the protocol, 500 for what is none.
      return /^[A-Z]{3,4}$/.test(verb)
        ? { code: 502, text: `${verb} is not supported.` }
        : { code: 500, text: 'This is not a command.' };
    }
    if (command.access === 'anyone') return command.run(this, argument);
    if (!this.fileSystem) return { code: 530, text: 'Log in with USER and PASS first.' };
    return command.run(this, argument, this.fileSystem);
  }

  /** Something happened: the idle time begins anew. A cleared timer must not be refreshed, it would run again. */
  #touch(): void {
    if (!this.#closed) this.#idleTimer.refresh();
  }

  #endIdle(): void {
    // Only a client is idle: a command that is busy is not, one whose reply the client does not take is.
    if (this.#transfer || (this.#running && !this.#connection.isReplying)) this.#touch();
    else this.#end(421, 'The connection was idle for too long.');
  }

  #end(code: number, text: string): void {
    if (this.#closed) return;
    this.#free();
    void this.reply({ code, text });
  }

  #free(): void {
    this.#closing.abort();
    clearTimeout(this.#loginTimer);
    clearTimeout(this.#idleTimer);
    this.#queue = [];
    // First of all, since this resets the data connection: a plain close would pass for the end of the file.
    this.#transfer?.abort(lostSession());
    this.data.close();
  }
}

function aborted(): ReplyError {
  return new ReplyError(426, 'The transfer was aborted.');
}
