import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ClientKind, type Door, type FtpClient, lines, timeValue, urlPath } from './client.ts';
import { runProgram } from './run-program.ts';

/** curl has no verbs for renaming and the like: `--quote` sends them as they are. */
export const curl: ClientKind = {
  name: 'curl',
  tool: 'curl',
  securities: ['plain', 'explicit', 'implicit'],
  active: true,
  raw: ['rename', 'remove', 'makeFolder', 'removeFolder', 'setTime'],
  open,
};

function open({ host, port, user, password, security, active, certificate }: Door): FtpClient {
  const scheme = security === 'implicit' ? 'ftps' : 'ftp';
  const url = (path: string) => `${scheme}://${host}:${port}${urlPath(path)}`;
  const call = async (...args: string[]) => {
    const account = ['--user', `${user}:${password}`];
    const trust = certificate === undefined ? [] : ['--ssl-reqd', '--cacert', certificate];
    const mode = active ? ['--ftp-port', '-'] : [];
    const common = ['--silent', '--show-error', '--fail', '--max-time', '45', ...account, ...trust, ...mode];
    return (await runProgram('curl', [...common, ...args])).stdout;
  };
  const quote = (...commands: string[]) =>
    call('--head', ...commands.flatMap((command) => ['--quote', command]), url('/'));
  // One after the other, curl 7.88 now and then waits a second between EPSV's reply and its connection.
  const parallel = (transfers: readonly string[]) => call('--parallel', '--parallel-max', '4', ...transfers);
  const names = async (folder: string) => lines(await call('--list-only', url(`${folder}/`)));
  return {
    upload: (local, remote) => call('--upload-file', local, url(remote)),
    download: (remote, local) => call('--output', local, url(remote)),
    resumeUpload: (local, remote) => call('--continue-at', '-', '--upload-file', local, url(remote)),
    resumeDownload: (remote, local) => call('--continue-at', '-', '--output', local, url(remote)),
    uploadAll: async (localFolder, remoteFolder) => {
      const files = await readdir(localFolder);
      await parallel(files.flatMap((file) => ['-T', join(localFolder, file), url(`${remoteFolder}/`)]));
    },
    downloadAll: async (remoteFolder, localFolder) => {
      const files = await names(remoteFolder);
      await parallel(
        files.flatMap((file) => ['-o', join(localFolder, file), url(`${remoteFolder}/${file}`)]),
      );
    },
    names,
    rename: (from, to) => quote(`RNFR ${from}`, `RNTO ${to}`),
    remove: (path) => quote(`DELE ${path}`),
    makeFolder: (path) => quote(`MKD ${path}`),
    removeFolder: (path) => quote(`RMD ${path}`),
    setTime: (path, time) => quote(`MFMT ${timeValue(time)} ${path}`),
  };
}
