import { type Door, type FtpClient, lines, timeValue } from './client.ts';
import { runProgram } from './run-program.ts';

/**
 * A client that is a library of another language: a script of ours that takes the operation and its arguments,
 * and the door from the environment.
 */
export function openScript(interpreter: string, script: string, door: Door): Required<FtpClient> {
  const environment = {
    HOME: door.home,
    DOOR_HOST: door.host,
    DOOR_PORT: String(door.port),
    DOOR_USER: door.user,
    DOOR_PASSWORD: door.password,
    DOOR_SECURITY: door.security,
    DOOR_ACTIVE: door.active ? '1' : '',
    DOOR_CERTIFICATE: door.certificate ?? '',
  };
  const call = async (...args: string[]) =>
    (await runProgram(interpreter, [script, ...args], { environment })).stdout;
  return {
    upload: (local, remote) => call('upload', local, remote),
    download: (remote, local) => call('download', remote, local),
    resumeUpload: (local, remote) => call('resume_upload', local, remote),
    resumeDownload: (remote, local) => call('resume_download', remote, local),
    uploadAll: (localFolder, remoteFolder) => call('upload_all', localFolder, remoteFolder),
    downloadAll: (remoteFolder, localFolder) => call('download_all', remoteFolder, localFolder),
    names: async (folder) => lines(await call('names', folder)),
    rename: (from, to) => call('rename', from, to),
    remove: (path) => call('remove', path),
    makeFolder: (path) => call('make_folder', path),
    removeFolder: (path) => call('remove_folder', path),
    setTime: (path, time) => call('set_time', path, timeValue(time)),
  };
}
