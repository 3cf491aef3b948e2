import { type ClientKind, type Door, type FtpClient, lastName, lines, timeValue } from './client.ts';
import { runProgram } from './run-program.ts';

export const lftp: ClientKind = {
  name: 'lftp',
  tool: 'lftp',
  securities: ['plain', 'explicit', 'implicit'],
  active: true,
  raw: ['setTime'],
  open,
};

/** Runs lftp's own commands, each a list of words, in one session. @returns what they print */
export async function runLftp(door: Door, commands: readonly (readonly string[])[]): Promise<string> {
  const { host, port, user, password, security, active, certificate, home } = door;
  const settings = {
    'cmd:fail-exit': 'true',
    'net:max-retries': '1',
    'net:timeout': '40',
    'xfer:clobber': 'true',
    'ftp:passive-mode': String(!active),
    'ftp:ssl-allow': String(security !== 'plain'),
    'ftp:ssl-force': String(security !== 'plain'),
    'ftp:ssl-protect-data': 'true',
    'ssl:ca-file': certificate ?? '',
  };
  const scheme = security === 'implicit' ? 'ftps' : 'ftp';
  const script = [
    ...Object.entries(settings).map(([name, value]) => ['set', name, value]),
    ['open', '-u', `${user},${password}`, '-p', String(port), `${scheme}://${host}`],
    ...commands,
    ['bye'],
  ]
    .map((words) => words.map(quote).join(' '))
    .join('; ');
  return (await runProgram('lftp', ['--norc', '-c', script], { environment: { LFTP_HOME: home } })).stdout;
}

function open(door: Door): FtpClient {
  const call = (...words: string[]) => runLftp(door, [words]);
  return {
    upload: (local, remote) => call('put', local, '-o', remote),
    download: (remote, local) => call('get', remote, '-o', local),
    resumeUpload: (local, remote) => call('put', '-c', local, '-o', remote),
    resumeDownload: (remote, local) => call('get', '-c', remote, '-o', local),
    uploadAll: (localFolder, remoteFolder) => call('mirror', '-R', localFolder, remoteFolder),
    downloadAll: (remoteFolder, localFolder) => call('mirror', remoteFolder, localFolder),
    names: async (folder) => lines(await call('nlist', folder)).map(lastName),
    rename: (from, to) => call('mv', from, to),
    remove: (path) => call('rm', '--', path),
    makeFolder: (path) => call('mkdir', path),
    removeFolder: (path) => call('rmdir', path),
    setTime: (path, time) => call('quote', `MFMT ${timeValue(time)} ${path}`),
  };
}

/** lftp's shell: within double quotes only `"`, `\` and `$`-like signs need care. */
function quote(word: string): string {
  return `"${word.replaceAll(/["\\]/g, '\\$&')}"`;
}
