/** FTP clients that everybody has, each as a program of its own; all log in as the fixture's `user`. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Paths on the server are absolute. Everything rejects when the program's exit status is not 0. */
export interface FtpProgram {
  upload(local: string, remote: string): Promise<void>;
  download(remote: string, local: string): Promise<void>;
  /** Gets what is missing at the end of a local file. */
  resume(remote: string, local: string): Promise<void>;
  names(folder: string): Promise<string[]>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  mkdir(path: string): Promise<void>;
  rmdir(path: string): Promise<void>;
}

export const programs: Readonly<Record<string, (port: number) => FtpProgram>> = { curl, lftp, python3 };

function curl(port: number): FtpProgram {
  const url = (path: string) => `ftp://127.0.0.1:${port}${path.split('/').map(encodeURIComponent).join('/')}`;
  const call = async (...args: string[]) =>
    (await run('curl', ['--silent', '--show-error', '--fail', '--user', 'user:password', ...args])).stdout;
  const quote = (...commands: string[]) =>
    call('--head', ...commands.flatMap((command) => ['--quote', command]), url('/'));
  return {
    upload: async (local, remote) => void (await call('--upload-file', local, url(remote))),
    download: async (remote, local) => void (await call('--output', local, url(remote))),
    resume: async (remote, local) => void (await call('--continue-at', '-', '--output', local, url(remote))),
    names: async (folder) => lines(await call('--list-only', url(`${folder}/`))),
    rename: async (from, to) => void (await quote(`RNFR ${from}`, `RNTO ${to}`)),
    remove: async (path) => void (await quote(`DELE ${path}`)),
    mkdir: async (path) => void (await quote(`MKD ${path}`)),
    rmdir: async (path) => void (await quote(`RMD ${path}`)),
  };
}

function lftp(port: number): FtpProgram {
  const settings =
    'set cmd:fail-exit true; set net:max-retries 1; set ftp:ssl-allow false; set xfer:clobber true;';
  const call = async (...words: string[]) => {
    const command = words.map((word) => `"${word.replaceAll(/["\\]/g, '\\$&')}"`).join(' ');
    const script = `${settings} open -u user,password -p ${port} 127.0.0.1; ${command}; bye`;
    const env = { ...process.env, LC_ALL: 'C.UTF-8' };
    return (await run('lftp', ['--norc', '-c', script], { env })).stdout;
  };
  return {
    upload: async (local, remote) => void (await call('put', local, '-o', remote)),
    download: async (remote, local) => void (await call('get', remote, '-o', local)),
    resume: async (remote, local) => void (await call('get', '-c', remote, '-o', local)),
    names: async (folder) =>
      lines(await call('nlist', folder)).map((name) => name.slice(name.lastIndexOf('/') + 1)),
    rename: async (from, to) => void (await call('mv', from, to)),
    remove: async (path) => void (await call('rm', path)),
    mkdir: async (path) => void (await call('mkdir', path)),
    rmdir: async (path) => void (await call('rmdir', path)),
  };
}

function python3(port: number): FtpProgram {
  const script = join(import.meta.dirname, 'ftplib_client.py');
  const call = async (...args: string[]) => (await run('python3', [script, String(port), ...args])).stdout;
  return {
    upload: async (local, remote) => void (await call('upload', local, remote)),
    download: async (remote, local) => void (await call('download', remote, local)),
    resume: async (remote, local) => void (await call('resume', remote, local)),
    names: async (folder) => lines(await call('names', folder)),
    rename: async (from, to) => void (await call('rename', from, to)),
    remove: async (path) => void (await call('remove', path)),
    mkdir: async (path) => void (await call('mkdir', path)),
    rmdir: async (path) => void (await call('rmdir', path)),
  };
}

function lines(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line !== '');
}
