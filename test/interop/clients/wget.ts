import { type ClientKind, type Door, type FtpClient, lastName, urlPath } from './client.ts';
import { runProgram } from './run-program.ts';

const readsOnly = 'wget only reads';

export const wget: ClientKind = {
  name: 'wget',
  tool: 'wget',
  securities: ['plain', 'explicit', 'implicit'],
  active: true,
  cannot: {
    upload: readsOnly,
    resumeUpload: readsOnly,
    uploadAll: readsOnly,
    rename: readsOnly,
    remove: readsOnly,
    makeFolder: readsOnly,
    removeFolder: readsOnly,
    setTime: readsOnly,
  },
  misreads: { ' a space before': 'a space before' },
  open,
};

function open({ host, port, user, password, security, active, certificate, home }: Door): FtpClient {
  const scheme = security === 'plain' ? 'ftp' : 'ftps';
  const url = (path: string) => `${scheme}://${host}:${port}${urlPath(path)}`;
  const call = async (folder: string, ...args: string[]) => {
    const account = [`--ftp-user=${user}`, `--ftp-password=${password}`];
    const trust = certificate === undefined ? [] : [`--ca-certificate=${certificate}`];
    const mode = [
      ...(active ? ['--no-passive-ftp'] : []),
      ...(security === 'implicit' ? ['--ftps-implicit'] : []),
    ];
    const common = ['--no-config', '--no-hsts', '--no-verbose', '--tries=1', '--timeout=40', '--no-glob'];
    const options = { folder, environment: { HOME: home } };
    return (await runProgram('wget', [...common, ...account, ...trust, ...mode, ...args], options)).stdout;
  };
  return {
    download: (remote, local) => call(home, '-O', local, url(remote)),
    // `-O` would truncate; a resumed file must have the name that the server gives it.
    resumeDownload: (remote, local) => {
      if (lastName(local) !== lastName(remote)) throw new Error('wget resumes under the same name only');
      return call(local.slice(0, local.lastIndexOf('/')), '--continue', url(remote));
    },
    downloadAll: (remoteFolder, localFolder) =>
      call(
        localFolder,
        '--recursive',
        '--level=1',
        '--no-directories',
        '--no-parent',
        url(`${remoteFolder}/`),
      ),
    names: async (folder) => {
      const page = await call(home, '-O', '-', url(`${folder}/`));
      const entries = [...page.matchAll(/<a href="[^"]*">(.*)<\/a>/g)];
      return entries.map(([, name = '']) => lastName(decodeEntities(name)));
    },
  };
}

/** wget makes a page of HTML of a listing. */
function decodeEntities(text: string): string {
  const characters: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };
  return text
    .replaceAll(/&#(\d+);/g, (_match, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll(/&(amp|lt|gt|quot);/g, (match, name: string) => characters[name] ?? match);
}
