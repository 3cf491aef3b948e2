import * as vscode from 'vscode';
import type { LogLevel } from '../log/log-level.ts';
import { levelValues, readLogLine } from '../log/log-line.ts';
import type { OutputStream } from '../servers/child-server.ts';
import { coordinatorName } from '../servers/local-servers.ts';

/**
 * The logs of the servers that this window runs: each in an output channel of its own, whose level is the server's as
 * well. What is wrong is in the channel of the extension, too.
 */
export class ServerLogs implements vscode.Disposable {
  readonly #main: vscode.LogOutputChannel;
  readonly #channels = new Map<string, vscode.LogOutputChannel>();
  readonly #levelChanged = new vscode.EventEmitter<string>();
  readonly #subscriptions: vscode.Disposable[] = [];
  /** Names the server whose level has changed. */
  readonly onDidChangeLevel = this.#levelChanged.event;

  constructor(main: vscode.LogOutputChannel) {
    this.#main = main;
  }

  /** A line that a server printed, at its own level and as text for a person. */
  add(server: string, line: string, stream: OutputStream): void {
    const { level, text } = readLogLine(line) ?? {
      level: stream === 'stdout' ? levelValues.info : levelValues.warn,
      text: line,
    };
    write(this.#channel(server), level, text);
    if (level >= levelValues.warn) write(this.#main, level, `[${server}] ${text}`);
  }

  /** What a server has to log: never less than what the extension's own channel shows of it. */
  levelOf(server: string): LogLevel {
    switch (this.#channel(server).logLevel) {
      case vscode.LogLevel.Trace:
        return 'trace';
      case vscode.LogLevel.Debug:
        return 'debug';
      case vscode.LogLevel.Info:
        return 'info';
      default:
        return 'warn';
    }
  }

  show(server: string): void {
    this.#channel(server).show();
  }

  dispose(): void {
    vscode.Disposable.from(this.#levelChanged, ...this.#subscriptions, ...this.#channels.values()).dispose();
  }

  #channel(server: string): vscode.LogOutputChannel {
    const known = this.#channels.get(server);
    if (known !== undefined) return known;
    const channel = vscode.window.createOutputChannel(titleOf(server), { log: true });
    this.#channels.set(server, channel);
    this.#subscriptions.push(channel.onDidChangeLogLevel(() => this.#levelChanged.fire(server)));
    return channel;
  }
}

function titleOf(server: string): string {
  if (server === coordinatorName) return vscode.l10n.t('SplitFTP Coordinator');
  return vscode.l10n.t('SplitFTP Storage Server {0}', server.replace(/\D+/, ''));
}

function write(channel: vscode.LogOutputChannel, level: number, text: string): void {
  if (level >= levelValues.error) channel.error(text);
  else if (level >= levelValues.warn) channel.warn(text);
  else if (level >= levelValues.info) channel.info(text);
  else if (level >= levelValues.debug) channel.debug(text);
  else channel.trace(text);
}
