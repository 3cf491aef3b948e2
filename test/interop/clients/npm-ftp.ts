import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import Client from 'ftp';
import { type ClientKind, type Door, type FtpClient, timeValue } from './client.ts';

/**
 * npm's `ftp`, of 2015 and still much used. Its implicit TLS never gets a greeting on Node 24: it connects the TLS socket
 * instead of the socket below, and then reads from that.
 */
export const npmFtp: ClientKind = {
  name: 'npm ftp',
  securities: ['plain', 'explicit'],
  raw: ['setTime'],
  misreads: { ' a space before': 'a space before' },
  open,
};

function open({ host, port, user, password, certificate }: Door): FtpClient {
  async function session<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client();
    const failed = new Promise<never>((_resolve, reject) => client.on('error', reject));
    const ready = new Promise<void>((resolve) => client.on('ready', resolve));
    const ca = certificate === undefined ? undefined : await readFile(certificate);
    client.connect({ host, port, user, password, secure: ca !== undefined, secureOptions: { ca } });
    try {
      await Promise.race([ready, failed]);
      return await Promise.race([work(client), failed]);
    } finally {
      client.destroy();
    }
  }
  return {
    upload: (local, remote) => session((client) => put(client, local, remote)),
    download: (remote, local) => session((client) => get(client, remote, local)),
    resumeUpload: (local, remote) =>
      session(async (client) => {
        const start = await promised<number>((done) => client.size(remote, done));
        await promised<void>((done) => client.append(createReadStream(local, { start }), remote, done));
      }),
    resumeDownload: (remote, local) =>
      session(async (client) => {
        const { size } = await stat(local);
        await promised<void>((done) => client.restart(size, done));
        await get(client, remote, local, 'a');
      }),
    uploadAll: (localFolder, remoteFolder) =>
      session(async (client) => {
        for (const name of await readdir(localFolder)) {
          await put(client, join(localFolder, name), `${remoteFolder}/${name}`);
        }
      }),
    downloadAll: (remoteFolder, localFolder) =>
      session(async (client) => {
        for (const name of await list(client, remoteFolder)) {
          await get(client, `${remoteFolder}/${name}`, join(localFolder, name));
        }
      }),
    names: (folder) => session((client) => list(client, folder)),
    rename: (from, to) => session((client) => promised<void>((done) => client.rename(from, to, done))),
    remove: (path) => session((client) => promised<void>((done) => client.delete(path, done))),
    makeFolder: (path) => session((client) => promised<void>((done) => client.mkdir(path, done))),
    removeFolder: (path) => session((client) => promised<void>((done) => client.rmdir(path, done))),
    setTime: (path, time) =>
      session((client) => promised<string>((done) => client.site(`UTIME ${timeValue(time)} ${path}`, done))),
  };
}

function put(client: Client, local: string, remote: string): Promise<void> {
  return promised<void>((done) => client.put(local, remote, done));
}

/** The bytes begin to flow when its callback returns, whether anybody takes them or not. */
function get(client: Client, remote: string, local: string, flags = 'w'): Promise<void> {
  return new Promise((resolve, reject) => {
    client.get(remote, (error, source) => {
      if (error) reject(error);
      else pipeline(source, createWriteStream(local, { flags })).then(resolve, reject);
    });
  });
}

/** It takes the bytes of a listing for Latin-1. */
async function list(client: Client, folder: string): Promise<string[]> {
  const entries = await promised<Client.ListingElement[]>((done) => client.list(folder, done));
  return entries.map(({ name }) => Buffer.from(name, 'latin1').toString());
}

function promised<T>(start: (done: (error: Error | null | undefined, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(error) : resolve(value)));
  });
}
