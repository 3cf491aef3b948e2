import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { longNames } from '../odd-names.ts';
import { type ClientKind, type Door, type FtpClient, lines, timeValue, urlPath } from './client.ts';
import { runProgram } from './run-program.ts';

/** ncftpput, ncftpget and ncftpls; for all else the ncftp shell. */
export const ncftp: ClientKind = {
  name: 'ncftp',
  tool: 'ncftpput',
  securities: ['plain'],
  active: true,
  raw: ['setTime'],
  cannotName: Object.fromEntries(
    longNames.map((name) => [name, 'a line of its shell holds 511 bytes; the rest is dropped']),
  ),
  open,
};

function open({ host, port, user, password, active, home }: Door): FtpClient {
  const environment = { HOME: home };
  const account = ['-u', user, '-p', password, '-P', String(port)];
  const call = async (program: string, ...args: string[]) => {
    const common = [...account, active ? '-E' : '-F', '-t', '40', '-r', '1'];
    return (await runProgram(program, [...common, ...args], { environment })).stdout;
  };
  /** A command of the shell, whose exit status is always 0: what fails is on standard error. */
  const shell = async (...words: string[]) => {
    const input = `${words.map(quote).join(' ')}\nquit\n`;
    const { stderr } = await runProgram('ncftp', [...account, host], { environment, input });
    if (stderr.includes('server said')) throw new Error(`ncftp ${words.join(' ')}: ${stderr}`);
  };
  return {
    upload: (local, remote) => call('ncftpput', '-V', '-C', host, local, remote),
    download: (remote, local) => call('ncftpget', '-V', '-Z', '-C', host, remote, local),
    // Without -s it sends by sendfile() from the file's beginning, whatever the offset: a defect of ncftp 3.2.6.
    resumeUpload: (local, remote) => call('ncftpput', '-V', '-z', '-s', '-C', host, local, remote),
    resumeDownload: (remote, local) => call('ncftpget', '-V', '-z', '-C', host, remote, local),
    uploadAll: async (localFolder, remoteFolder) => {
      const files = (await readdir(localFolder)).map((file) => join(localFolder, file));
      await call('ncftpput', '-V', host, remoteFolder, ...files);
    },
    downloadAll: (remoteFolder, localFolder) =>
      call('ncftpget', '-V', '-Z', host, localFolder, `${remoteFolder}/*`),
    names: async (folder) => lines(await call('ncftpls', '-1', `ftp://${host}${urlPath(folder)}/`)),
    rename: (from, to) => shell('rename', from, to),
    remove: (path) => shell('rm', path),
    makeFolder: (path) => shell('mkdir', path),
    removeFolder: (path) => shell('rmdir', path),
    setTime: (path, time) => shell('quote', `MFMT ${timeValue(time)} ${path}`),
  };
}

/** Within double quotes the shell takes everything as it is, but for the quotes. */
function quote(word: string): string {
  return `"${word.replaceAll('"', '"\\""')}"`;
}
