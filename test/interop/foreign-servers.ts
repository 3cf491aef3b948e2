/** Storage servers of others' making, each run as itself with a configuration of its own, in a test's folder. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Account } from '../../src/config/configuration.ts';
import { debianServer, isolated, purePw } from '../debian-servers.ts';
import { pythonWithFtpServer } from '../tools.ts';

export const foreignServers = ['vsftpd', 'proftpd', 'pure-ftpd', 'pyftpdlib'] as const;
export type ForeignKind = (typeof foreignServers)[number];

export interface ForeignOptions {
  readonly kind: ForeignKind;
  /** An address of this machine. */
  readonly host: string;
  readonly port: number;
  /** First and last port of its data connections. */
  readonly passivePorts: readonly [number, number];
  readonly account: Account;
  /** What the account sees as its root; made if it is not there. */
  readonly folder: string;
  /** For its configuration, made if it is not there. */
  readonly scratch: string;
  /** TLS is then required, on data connections too. Paths of PEM files. */
  readonly tls?: { readonly mode: 'explicit' | 'implicit'; readonly cert: string; readonly key: string };
  /** The server itself refuses more control connections than that. */
  readonly connections?: number;
  /** The server pretends not to know these commands (not possible on Pure-FTPd). */
  readonly without?: readonly string[];
  /** The server confirms every upload and keeps all but its last byte (pyftpdlib alone). */
  readonly liar?: boolean;
}

export interface ForeignServer {
  /** Ends the server and every session of it at once, as a power cut would. */
  kill(): Promise<void>;
}

/** `nobody` and `nogroup` of Debian: whom the servers serve files as. */
const nobody = 65534;

/** Starts the server; resolves when it greets. */
export async function startForeign(options: ForeignOptions): Promise<ForeignServer> {
  const { kind, folder, scratch, host, port, tls } = options;
  mkdirSync(folder, { recursive: true });
  mkdirSync(scratch, { recursive: true });
  if (kind !== 'pyftpdlib') chownSync(folder, nobody, nobody);
  const [command, ...args] = commands[kind](options);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const gone = once(child, 'close');
  while (!(await greets(host, port, tls?.mode === 'implicit'))) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${kind} ended: ${output}`);
    await delay(50);
  }
  return {
    async kill() {
      child.kill('SIGKILL');
      await gone;
      while (await accepts(host, port)) await delay(20); // Its sessions end a moment after it.
    },
  };
}

/** A self-signed certificate for 127.0.0.1. */
export function makeCertificate(folder: string, name = 'server'): { cert: string; key: string } {
  mkdirSync(folder, { recursive: true });
  const cert = join(folder, `${name}.crt`);
  const key = join(folder, `${name}.key`);
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...kind, ...subject, '-out', cert, '-keyout', key], {
    stdio: 'ignore',
  });
  return { cert, key };
}

type Command = readonly [string, ...string[]];

const commands: Readonly<Record<ForeignKind, (options: ForeignOptions) => Command>> = {
  vsftpd,
  proftpd,
  'pure-ftpd': pureFtpd,
  pyftpdlib,
};

function vsftpd(options: ForeignOptions): Command {
  const {
    host,
    port,
    passivePorts: [lowest, highest],
    account,
    folder,
    scratch,
    tls,
    connections,
    without = [],
  } = options;
  const empty = join(scratch, 'empty');
  const etc = join(scratch, 'etc');
  mkdirSync(empty, { recursive: true });
  mkdirSync(join(etc, 'pam.d'), { recursive: true });
  // Its users are the machine's: this server alone sees others.
  const { user } = account;
  writeFileSync(
    join(etc, 'passwd'),
    `root:x:0:0::/:/bin/sh\n${user}:x:${nobody}:${nobody}::${folder}:/bin/sh\nnobody:x:${nobody}:${nobody}::/:/bin/sh\n`,
  );
  writeFileSync(join(etc, 'shadow'), `${user}:${hashed(account)}:19000:0:99999:7:::\n`);
  writeFileSync(join(etc, 'pam.d/vsftpd'), 'auth required pam_unix.so\naccount required pam_unix.so\n');
  const configuration = join(scratch, 'vsftpd.conf');
  const lines = [
    'listen=YES',
    `listen_address=${host}`,
    `listen_port=${port}`,
    'background=NO',
    'anonymous_enable=NO',
    'local_enable=YES',
    'write_enable=YES',
    'chroot_local_user=YES',
    'allow_writeable_chroot=YES',
    'pam_service_name=vsftpd',
    `secure_chroot_dir=${empty}`,
    'local_umask=022',
    'xferlog_enable=NO',
    `pasv_min_port=${lowest}`,
    `pasv_max_port=${highest}`,
    ...(connections === undefined ? [] : [`max_clients=${connections}`]),
    ...(without.length === 0 ? [] : [`cmds_denied=${without.join(',')}`]),
    // require_ssl_reuse stays at its default, YES.
    ...(tls
      ? [
          'ssl_enable=YES',
          'force_local_data_ssl=YES',
          'force_local_logins_ssl=YES',
          `implicit_ssl=${tls.mode === 'implicit' ? 'YES' : 'NO'}`,
          `rsa_cert_file=${tls.cert}`,
          `rsa_private_key_file=${tls.key}`,
        ]
      : []),
  ];
  writeFileSync(configuration, `${lines.join('\n')}\n`);
  const { program, library } = debianServer('vsftpd');
  return isolated(
    `for file in pam.d passwd shadow; do mount --bind ${quoted(etc)}/$file /etc/$file; done; ` +
      `env LD_LIBRARY_PATH=${quoted(library)} ${quoted(program)} ${quoted(configuration)}`,
  );
}

function proftpd(options: ForeignOptions): Command {
  const {
    host,
    port,
    passivePorts: [lowest, highest],
    account,
    folder,
    scratch,
    tls,
    connections,
    without = [],
  } = options;
  const { program, library, modules } = debianServer('proftpd');
  const users = join(scratch, 'passwd');
  writeFileSync(users, `${account.user}:${hashed(account)}:${nobody}:${nobody}::${folder}:/bin/sh\n`);
  chmodSync(users, 0o600);
  const configuration = join(scratch, 'proftpd.conf');
  const lines = [
    `ModulePath ${modules}`,
    'LoadModule mod_tls.c',
    'ServerType standalone',
    'ServerName storage',
    `DefaultAddress ${host}`,
    'SocketBindTight on',
    'UseIPv6 off',
    'UseReverseDNS off',
    `Port ${port}`,
    `PassivePorts ${lowest} ${highest}`,
    'User nobody',
    'Group nogroup',
    'AuthOrder mod_auth_file.c',
    `AuthUserFile ${users}`,
    'AuthPAM off',
    'RequireValidShell off',
    `DefaultRoot ${folder}`,
    'AllowOverwrite on',
    'AllowRetrieveRestart on',
    `ScoreboardFile ${join(scratch, 'scoreboard')}`,
    `PidFile ${join(scratch, 'pid')}`,
    `DelayTable ${join(scratch, 'delay')}`,
    'WtmpLog off',
    'TransferLog none',
    `SystemLog ${join(scratch, 'log')}`,
    ...(connections === undefined ? [] : [`MaxClients ${connections}`]),
    ...(without.length === 0 ? [] : [`<Limit ${without.join(' ')}>`, 'DenyAll', '</Limit>']),
    ...(tls
      ? [
          '<IfModule mod_tls.c>',
          'TLSEngine on',
          'TLSRequired on',
          `TLSECCertificateFile ${tls.cert}`,
          `TLSECCertificateKeyFile ${tls.key}`,
          ...(tls.mode === 'implicit' ? ['TLSOptions UseImplicitSSL'] : []),
          '</IfModule>',
        ]
      : []),
  ];
  writeFileSync(configuration, `${lines.join('\n')}\n`);
  return isolated(
    `env LD_LIBRARY_PATH=${quoted(library)} ${quoted(program)} --nodaemon --quiet --config ${quoted(configuration)}`,
  );
}

function pureFtpd(options: ForeignOptions): Command {
  const {
    host,
    port,
    passivePorts: [lowest, highest],
    account,
    folder,
    scratch,
    tls,
    connections,
  } = options;
  const { program, library } = debianServer('pure-ftpd');
  const users = join(scratch, 'passwd');
  const database = join(scratch, 'users.pdb');
  // With crypt's hash: its own takes seconds of a busy machine at each login.
  writeFileSync(users, `${account.user}:${hashed(account)}:${nobody}:${nobody}::${folder}/./::::::::::::\n`);
  execFileSync(purePw(), ['mkdb', database, '-f', users], {
    env: { ...process.env, LD_LIBRARY_PATH: library },
    stdio: 'ignore',
  });
  const args = [
    '--bind',
    `${host},${port}`,
    '--passiveportrange',
    `${lowest}:${highest}`,
    '--login',
    `puredb:${database}`,
    '--pidfile',
    join(scratch, 'pid'),
    '--dontresolve',
    '--noanonymous',
    '--minuid',
    '1',
    '--maxclientsnumber',
    String(connections ?? 50),
    ...(tls ? ['--certfile', `${tls.cert},${tls.key}`, '--tls', '3'] : []),
  ];
  return isolated(`env LD_LIBRARY_PATH=${quoted(library)} ${quoted(program)} ${args.map(quoted).join(' ')}`);
}

function pyftpdlib(options: ForeignOptions): Command {
  const {
    host,
    port,
    passivePorts: [lowest, highest],
    account,
    folder,
    tls,
    connections,
    without,
    liar,
  } = options;
  const settings = { host, port, ...account, folder, liar, tls, connections, without, lowest, highest };
  const script = join(import.meta.dirname, 'pyftpdlib_server.py');
  return [pythonWithFtpServer() ?? '', script, JSON.stringify(settings)];
}

/** As in `crypt(5)`. */
function hashed({ password }: Account): string {
  return execFileSync('openssl', ['passwd', '-6', '-stdin'], { input: password, encoding: 'utf8' }).trim();
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Whether somebody greets as an FTP server does; behind TLS, whether somebody listens. */
async function greets(host: string, port: number, silent: boolean): Promise<boolean> {
  if (silent) return accepts(host, port);
  const socket = connect(port, host);
  try {
    const [greeting] = await once(socket, 'data');
    return String(greeting).startsWith('220');
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function accepts(host: string, port: number): Promise<boolean> {
  const socket = connect(port, host);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
