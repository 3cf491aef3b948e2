import { type Entry, type FileSystem, FileSystemError } from '../file-system.ts';
import { formatTime, parseTime } from '../listing-format.ts';
import { type Reply, ReplyError } from '../replies.ts';
import type { Session } from '../session.ts';
import { type Command, user } from './command.ts';
import { statForResume } from './resume.ts';

/** RFC 3659, section 3 for MDTM; draft-somers-ftp-mfxx-04 for MFMT. Times are UTC. */
export const fileTimesCommands: readonly (readonly [string, Command])[] = [
  ['MDTM', user('MDTM [<SP> YYYYMMDDHHMMSS] <SP> path', modified)],
  ['MFMT', user('MFMT <SP> YYYYMMDDHHMMSS <SP> path', setModified)],
];

/** With a time before the path it sets that, as FileZilla and others do, unless something has that whole name. */
async function modified(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  const [, timeText, name = ''] = /^(\d{14}(?:\.\d+)?) (.+)$/.exec(argument) ?? [];
  let entry: Entry;
  try {
    entry = await statForResume(session.resolve(argument), files);
  } catch (error) {
    if (timeText === undefined || !(error instanceof FileSystemError && error.kind === 'missing'))
      throw error;
    const time = parseTime(timeText);
    if (!time) return { code: 501, text: 'There is no such time.' };
    await setTime(session, name, time, files);
    return { code: 213, text: `Modify=${formatTime(time)}; ${name}` };
  }
  return { code: 213, text: formatTime(entry.modified) };
}

async function setModified(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  const space = argument.indexOf(' ');
  const time = space > 0 ? parseTime(argument.slice(0, space)) : undefined;
  const name = argument.slice(space + 1);
  if (!time || name === '') return { code: 501, text: 'MFMT needs a time as YYYYMMDDHHMMSS and a path.' };
  await setTime(session, name, time, files);
  return { code: 213, text: `Modify=${formatTime(time)}; ${name}` };
}

/**
 * Both forms that clients send: `SITE UTIME YYYYMMDDhhmm[ss] path`, and `SITE UTIME path atime mtime ctime UTC`, of
 * whose times the second one counts.
 */
export async function siteUtime(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  const long = /^(.+) \d{14} (\d{14}) \d{14} UTC$/i.exec(argument);
  const short = /^(\d{12}|\d{14}) (.+)$/.exec(argument);
  const [timeText = '', name = ''] = long ? [long[2], long[1]] : [short?.[1], short?.[2]];
  const time = parseTime(timeText.padEnd(14, '0'));
  if (!time) throw new ReplyError(501, 'SITE UTIME needs a time as YYYYMMDDhhmmss and a path.');
  await setTime(session, name, time, files);
  return { code: 200, text: `The time is ${formatTime(time)}.` };
}

async function setTime(session: Session, name: string, time: Date, files: FileSystem): Promise<void> {
  const path = session.resolve(name);
  await files.setModified(path, time);
  session.record.changed('modified', { path, modified: time });
}
