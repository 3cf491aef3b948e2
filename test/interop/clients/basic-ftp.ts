import { readFile, stat } from 'node:fs/promises';
import { Client } from 'basic-ftp';
import { type ClientKind, type Door, type FtpClient, timeValue } from './client.ts';

export const basicFtp: ClientKind = {
  name: 'basic-ftp',
  securities: ['plain', 'explicit', 'implicit'],
  raw: ['setTime'],
  open,
};

function open({ host, port, user, password, security, certificate }: Door): FtpClient {
  async function session<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client(40_000);
    try {
      const ca = certificate === undefined ? undefined : await readFile(certificate);
      const secure = security === 'implicit' ? 'implicit' : security === 'explicit';
      await client.access({ host, port, user, password, secure, secureOptions: { ca, host } });
      return await work(client);
    } finally {
      client.close();
    }
  }
  return {
    upload: (local, remote) => session((client) => client.uploadFrom(local, remote)),
    download: (remote, local) => session((client) => client.downloadTo(local, remote)),
    resumeUpload: (local, remote) =>
      session(async (client) => client.appendFrom(local, remote, { localStart: await client.size(remote) })),
    resumeDownload: (remote, local) =>
      session(async (client) => client.downloadTo(local, remote, (await stat(local)).size)),
    uploadAll: (localFolder, remoteFolder) =>
      session((client) => client.uploadFromDir(localFolder, remoteFolder)),
    downloadAll: (remoteFolder, localFolder) =>
      session((client) => client.downloadToDir(localFolder, remoteFolder)),
    names: (folder) => session(async (client) => (await client.list(folder)).map(({ name }) => name)),
    rename: (from, to) => session((client) => client.rename(from, to)),
    remove: (path) => session((client) => client.remove(path)),
    makeFolder: (path) => session((client) => client.ensureDir(path)),
    removeFolder: (path) => session((client) => client.removeDir(path)),
    setTime: (path, time) => session((client) => client.send(`MFMT ${timeValue(time)} ${path}`)),
  };
}
