import { type FileSystem, FileSystemError } from '../file-system.ts';
import type { Reply } from '../replies.ts';
import type { Session } from '../session.ts';
import { siteUtime } from './file-times.ts';
import { siteGet, sitePut } from './inline.ts';

type SiteRun = (session: Session, argument: string, files: FileSystem) => Promise<Reply>;

/** The engine's own; a server adds to them. */
const siteCommands: ReadonlyMap<string, SiteRun> = new Map<string, SiteRun>([
  ['CHMOD', siteChmod],
  ['EXPECT', async (session, argument) => siteExpect(session, argument)],
  ['GET', siteGet],
  ['HELP', async (session) => siteHelp(session)],
  ['PUT', sitePut],
  ['UTIME', siteUtime],
]);

/** RFC 959, section 4.1.3: services of this server alone. */
export async function site(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  const [name = '', ...rest] = argument.trimStart().split(' ');
  const verb = name.toUpperCase();
  const siteArgument = rest.join(' ');
  const own = siteCommands.get(verb);
  if (own) return own(session, siteArgument, files);
  const command = session.site.get(verb);
  if (!command) return { code: 504, text: 'There is no such SITE command; SITE HELP lists them.' };
  return { code: 200, text: verb, lines: await command(siteArgument, (path) => session.resolve(path)) };
}

export function siteHelp(session: Session): Reply {
  const lines = [...siteCommands.keys(), ...session.site.keys()].sort().map((name) => `SITE ${name}`);
  return { code: 214, text: 'These SITE commands are supported.', lines };
}

/** A lost connection can look like the end of the file (RFC 959, section 3.4.1); a length makes it known. */
function siteExpect(session: Session, argument: string): Reply {
  const bytes = Number(argument);
  if (!/^\d+$/.test(argument) || !Number.isSafeInteger(bytes)) {
    return { code: 501, text: 'SITE EXPECT needs a number of bytes.' };
  }
  session.expectedBytes = bytes;
  return { code: 200, text: `The next upload must carry ${bytes} bytes.` };
}

/** Clients set modes after an upload and take a refusal for a failure; who may do what is up to the account here. */
async function siteChmod(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  const [, path] = /^[0-7]{3,4} (.+)$/.exec(argument) ?? [];
  if (path === undefined) return { code: 501, text: 'SITE CHMOD needs an octal mode and a path.' };
  await files.stat(session.resolve(path));
  if (files.readOnly) throw new FileSystemError('denied', 'Nothing can be changed here.');
  return { code: 200, text: 'Modes are not kept: everything has the same.' };
}
