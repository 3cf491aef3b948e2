import { type ClientKind, type Door, type FtpClient, lines } from './client.ts';
import { runProgram } from './run-program.ts';

export const rclone: ClientKind = {
  name: 'rclone',
  tool: 'rclone',
  securities: ['plain', 'explicit', 'implicit'],
  cannot: {
    resumeUpload: 'rclone always sends the whole file',
    resumeDownload: 'rclone always gets the whole file',
  },
  open,
};

/** Runs rclone, with the coordinator as its remote `:ftp:`. @returns what it prints */
export async function runRclone(door: Door, ...args: string[]): Promise<string> {
  const { host, port, user, password, security, certificate, home } = door;
  const options = { environment: { HOME: home, RCLONE_CONFIG: '/dev/null' } };
  // rclone wants its passwords obscured, wherever they come from.
  const obscured = (
    await runProgram('rclone', ['obscure', '-'], { ...options, input: password })
  ).stdout.trim();
  const environment = {
    ...options.environment,
    RCLONE_FTP_HOST: host,
    RCLONE_FTP_PORT: String(port),
    RCLONE_FTP_USER: user,
    RCLONE_FTP_PASS: obscured,
    RCLONE_FTP_TLS: String(security === 'implicit'),
    RCLONE_FTP_EXPLICIT_TLS: String(security === 'explicit'),
    // Its default puts look-alikes for spaces and dots at the end of names, for servers that cannot keep them.
    RCLONE_FTP_ENCODING: 'Slash,Ctl,Del',
    // Its FTP side does not know of --ca-cert; this is Go's own variable.
    ...(certificate !== undefined && { SSL_CERT_FILE: certificate }),
  };
  const common = ['--retries', '1', '--low-level-retries', '1', '--stats', '0'];
  return (await runProgram('rclone', [...common, ...args], { environment, timeoutMs: 300_000 })).stdout;
}

function open(door: Door): FtpClient {
  const call = (...args: string[]) => runRclone(door, ...args);
  const at = (path: string) => `:ftp:${path}`;
  return {
    upload: (local, remote) => call('copyto', '--ignore-times', local, at(remote)),
    download: (remote, local) => call('copyto', '--ignore-times', at(remote), local),
    uploadAll: (localFolder, remoteFolder) => call('copy', localFolder, at(remoteFolder)),
    downloadAll: (remoteFolder, localFolder) => call('copy', at(remoteFolder), localFolder),
    names: async (folder) => lines(await call('lsf', '--dir-slash=false', at(folder))),
    rename: (from, to) => call('moveto', at(from), at(to)),
    remove: (path) => call('deletefile', at(path)),
    makeFolder: (path) => call('mkdir', at(path)),
    removeFolder: (path) => call('rmdir', at(path)),
    setTime: (path, time) =>
      call('touch', '--no-create', '--timestamp', time.toISOString().slice(0, 19), at(path)),
  };
}
