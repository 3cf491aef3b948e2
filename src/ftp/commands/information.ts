import { atomicStoreFeature } from '../file-system.ts';
import { factNames } from '../listing-format.ts';
import { type Reply, ReplyError } from '../replies.ts';
import type { Session } from '../session.ts';
import { type Command, open, user } from './command.ts';
import { digestFeature } from './digest.ts';
import { inlineFeature } from './inline.ts';
import { listingLines } from './listing.ts';
import { site, siteHelp } from './site.ts';

/** RFC 959, section 4.1.3, and RFC 2389 for FEAT. */
export const informationCommands: readonly (readonly [string, Command])[] = [
  ['SYST', open('SYST', async () => ({ code: 215, text: 'UNIX Type: L8' }))],
  ['NOOP', open('NOOP', async () => ({ code: 200, text: 'Here.' }))],
  ['FEAT', open('FEAT', async (session) => features(session))],
  ['STAT', open('STAT [<SP> path]', status)],
  ['SITE', user('SITE <SP> command', site)],
];

export function helpCommand(commands: ReadonlyMap<string, Command>): Command {
  return open('HELP [<SP> command]', async (session, argument) => {
    const verb = argument.trim().toUpperCase();
    if (verb === 'SITE') return siteHelp(session);
    if (verb !== '') {
      const command = commands.get(verb);
      if (!command) return { code: 502, text: `${verb} is not supported.` };
      return { code: 214, text: `Syntax: ${command.syntax}` };
    }
    const verbs = [...commands.keys()].sort().map((name) => name.padEnd(8));
    const lines: string[] = [];
    for (let index = 0; index < verbs.length; index += 8) {
      lines.push(
        verbs
          .slice(index, index + 8)
          .join('')
          .trimEnd(),
      );
    }
    return { code: 214, text: 'These commands are supported.', lines };
  });
}

function features(session: Session): Reply {
  const lines = [
    'AVBL',
    'CLNT',
    'EPSV',
    'HOST',
    'LANG EN*',
    'MDTM',
    'MFMT',
    // Chosen facts are starred (RFC 3659, section 7.8).
    `MLST ${factNames.map((fact) => `${fact}${session.facts.includes(fact) ? '*' : ''};`).join('')}`,
    'REST STREAM',
    'SIZE',
    'TVFS',
    'UTF8',
    'XCRC',
    'XSHA256',
    atomicStoreFeature,
    digestFeature(session),
    inlineFeature,
    'RANG STREAM',
  ];
  if (session.options.tls) lines.push('AUTH TLS', 'PBSZ', 'PROT');
  if (session.data.options.activeMode) lines.push('EPRT');
  return { code: 211, text: 'Features:', lines: lines.sort() };
}

async function status(session: Session, argument: string): Promise<Reply> {
  if (argument === '') {
    const { transfer } = session;
    if (transfer) return { code: 211, text: `A transfer is running; ${transfer.bytes} bytes so far.` };
    return {
      code: 211,
      text: 'Status:',
      lines: [
        session.fileSystem ? `Logged in; the current folder is ${session.workingFolder}` : 'Not logged in',
        'TYPE: Image; STRU: File; MODE: Stream',
        'No data connection',
      ],
    };
  }
  if (!session.fileSystem) throw new ReplyError(530, 'Log in with USER and PASS first.');
  const { kind, lines } = await listingLines(session, argument, session.fileSystem);
  return { code: kind === 'directory' ? 212 : 213, text: 'Status:', lines: [...lines] };
}
