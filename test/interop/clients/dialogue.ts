/** The `ftp` programs that descend from BSD's: commands from standard input, exit status 0 whatever happens. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Door, type FtpClient, lastName, lines, timeValue } from './client.ts';
import { type ProgramResult, runProgram } from './run-program.ts';

/** A command: words that are taken as they are, or a line for what needs the program's own wildcards. */
type DialogueCommand = readonly string[] | string;

/** Logs in, gives the commands and says goodbye. @throws Error when one of them failed */
async function runDialogue(
  program: string,
  flags: readonly string[],
  { host, port, user, password, home }: Door,
  commands: readonly DialogueCommand[],
): Promise<ProgramResult> {
  const script = [['user', user, password], ['binary'], ...commands, ['bye']];
  const input = `${script.map(commandLine).join('\n')}\n`;
  // No login from a file, no questions, the server's replies shown, no wildcards.
  const args = ['-n', '-i', '-v', '-g', ...flags, host, String(port)];
  const result = await runProgram(program, args, { input, environment: { HOME: home } });
  // The server's replies are shown as they came, complaints of the program itself go to standard error.
  if (/^[45]\d\d[ -](?!bytes )/m.test(result.stdout) || result.stderr !== '') {
    throw new Error(`${program} failed:\n${input}\n${result.stdout}${result.stderr}`);
  }
  return result;
}

/** Every character that the command line takes for its own, in a word. */
function commandLine(command: DialogueCommand): string {
  if (typeof command === 'string') return command;
  return command.map((word) => word.replaceAll(/[^\w/.\-\u0080-\u{10ffff}]/gu, '\\$&')).join(' ');
}

/** A client out of a program that takes BSD's commands. @param flags for passive or active mode */
export function openDialogue(program: string, flags: readonly string[], door: Door): Required<FtpClient> {
  const call = (...commands: DialogueCommand[]) => runDialogue(program, flags, door, commands);
  return {
    upload: (local, remote) => call(['put', local, remote]),
    download: (remote, local) => call(['get', remote, local]),
    resumeUpload: async (local, remote) => {
      const { stdout } = await call(['size', remote]);
      const size = /(?:^213 |\t)(\d+)$/m.exec(stdout)?.[1];
      if (size === undefined) throw new Error(`no size in ${stdout}`);
      await call(['restart', size], ['put', local, remote]);
    },
    resumeDownload: (remote, local) => call(['reget', remote, local]),
    uploadAll: (localFolder, remoteFolder) =>
      call('glob', ['lcd', localFolder], ['cd', remoteFolder], 'mput *'),
    downloadAll: (remoteFolder, localFolder) =>
      call('glob', ['lcd', localFolder], ['cd', remoteFolder], 'mget *'),
    names: async (folder) => {
      const scratch = await mkdtemp(join(door.home, 'names-'));
      try {
        const file = join(scratch, 'list');
        await call(['nlist', folder, file]);
        return lines(await readFile(file, 'utf8')).map(lastName);
      } finally {
        await rm(scratch, { recursive: true });
      }
    },
    rename: (from, to) => call(['rename', from, to]),
    remove: (path) => call(['delete', path]),
    makeFolder: (path) => call(['mkdir', path]),
    removeFolder: (path) => call(['rmdir', path]),
    setTime: (path, time) => call(['quote', `MFMT ${timeValue(time)} ${path}`]),
  };
}
