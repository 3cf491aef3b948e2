/** The questions about a server of somebody else, one after the other; undefined where a person gave up. */
import * as vscode from 'vscode';
import { formatFingerprint } from '../../config/fingerprint.ts';
import type { RemoteServer } from '../remote-servers.ts';

export interface ServerAnswers {
  readonly server: RemoteServer;
  readonly password: string;
}

/** Answers with the certificate that a person trusts, and why they do not work, if so. */
export interface Tried {
  readonly answers: ServerAnswers;
  readonly reason?: string;
}

export interface ServerQuestions {
  readonly title: string;
  readonly number: number;
  /** Whether TLS may begin with the first byte. */
  readonly implicit: boolean;
  /** Shown again where a first try has failed. */
  readonly before?: ServerAnswers;
}

export async function askForServer({
  title,
  number,
  implicit,
  before,
}: ServerQuestions): Promise<ServerAnswers | undefined> {
  const step = (count: number) => ({ title: `${title} (${count}/4)`, ignoreFocusOut: true });
  const address = await vscode.window.showInputBox({
    ...step(1),
    prompt: vscode.l10n.t('Host name or address, and the port if it is not 21'),
    placeHolder: 'nas.local:21',
    validateInput: addressProblem,
    ...(before && { value: formatAddress(before.server) }),
  });
  if (address === undefined) return undefined;
  const { host, port } = parseAddress(address);
  const user = await vscode.window.showInputBox({
    ...step(2),
    prompt: vscode.l10n.t('User of {0}', host),
    validateInput: (text) => (text === '' ? vscode.l10n.t('Type a name.') : undefined),
    ...(before && { value: before.server.user }),
  });
  if (user === undefined) return undefined;
  const password = await vscode.window.showInputBox({
    ...step(3),
    prompt: vscode.l10n.t('Password of {0}', user),
    password: true,
  });
  if (password === undefined) return undefined;
  const tls = await vscode.window.showQuickPick(
    [
      { label: vscode.l10n.t('TLS (explicit)'), detail: vscode.l10n.t('The usual way.'), mode: 'explicit' },
      ...(implicit
        ? [
            {
              label: vscode.l10n.t('TLS (implicit)'),
              detail: vscode.l10n.t('Mostly at port 990.'),
              mode: 'implicit',
            } as const,
          ]
        : []),
      {
        label: vscode.l10n.t('No encryption'),
        detail: vscode.l10n.t('Anybody between here and there can read the password and the parts.'),
        mode: 'off',
      },
    ] as const,
    { ...step(4), placeHolder: vscode.l10n.t('Encryption of the connections') },
  );
  if (tls === undefined) return undefined;
  const known = before?.server.host === host && before.server.port === port && before.server.fingerprint;
  const trusted = tls.mode !== 'off' && known ? { fingerprint: known } : {};
  return { server: { number, host, port, user, tls: tls.mode, ...trusted }, password };
}

/** Whether a person has compared the fingerprint with what the server's owner tells. */
export async function confirmFingerprint(host: string, fingerprint: string): Promise<boolean> {
  const trust = vscode.l10n.t('Trust This Certificate');
  const answer = await vscode.window.showQuickPick(
    [
      {
        label: trust,
        detail: formatFingerprint(fingerprint),
      },
      { label: vscode.l10n.t('Cancel') },
    ],
    {
      title: vscode.l10n.t('No known authority has signed the certificate of {0}', host),
      placeHolder: vscode.l10n.t(
        'Compare this SHA-256 fingerprint with the one that the server itself shows',
      ),
      ignoreFocusOut: true,
    },
  );
  return answer?.label === trust;
}

/** Tells why it does not work. @returns whether a person wants to change the answers */
export async function wantsToChange(reason: string): Promise<boolean> {
  const change = vscode.l10n.t('Change Answers');
  return (await vscode.window.showErrorMessage(`SplitFTP: ${reason}`, change)) === change;
}

function addressProblem(text: string): string | undefined {
  const { host, port } = parseAddress(text);
  if (host === '') return vscode.l10n.t('Type a host name or an address.');
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    return vscode.l10n.t('A port is a number from 1 to 65535.');
  return undefined;
}

function parseAddress(text: string): { host: string; port: number } {
  const bare = text
    .trim()
    .replace(/^ftp(?:s|es)?:\/\//, '')
    .replace(/\/+$/, '');
  const [, bracketed, name, port] = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d+))?$/.exec(bare) ?? [];
  // An IPv6 address without brackets has no port.
  if (bracketed === undefined && name === undefined) return { host: bare, port: 21 };
  return { host: bracketed ?? name ?? '', port: port === undefined ? 21 : Number(port) };
}

function formatAddress({ host, port }: Pick<RemoteServer, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
