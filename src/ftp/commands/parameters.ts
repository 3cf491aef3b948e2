import { factNames } from '../listing-format.ts';
import type { Reply } from '../replies.ts';
import type { Session } from '../session.ts';
import { type Command, open, user } from './command.ts';
import { chooseDigest } from './digest.ts';

/** RFC 959, section 4.1.2, and RFC 2389 for OPTS. */
export const parameterCommands: readonly (readonly [string, Command])[] = [
  ['TYPE', user('TYPE <SP> A | A N | I | L 8', async (_session, argument) => type(argument))],
  [
    'MODE',
    user('MODE <SP> S', async (_session, argument) => only('S', argument, 'Stream is the only mode.')),
  ],
  ['STRU', user('STRU <SP> F', async (_session, argument) => only('F', argument, 'Files have no records.'))],
  ['ALLO', user('ALLO <SP> bytes [<SP> R <SP> bytes]', async (_session, argument) => allocate(argument))],
  [
    'OPTS',
    open('OPTS <SP> UTF8 ON | MLST facts | HASH algorithm', async (session, text) => opts(session, text)),
  ],
];

/** ASCII is accepted, and bytes are never converted (as with vsftpd): what is stored is what was sent. */
function type(argument: string): Reply {
  switch (argument.trim().toUpperCase()) {
    case 'A':
    case 'A N':
      return { code: 200, text: 'ASCII; bytes are not converted.' };
    case 'I':
    case 'L 8':
      return { code: 200, text: 'Binary.' };
    case '':
      return { code: 501, text: 'TYPE needs a type.' };
    default:
      return { code: 504, text: 'Use TYPE I, TYPE L 8 or TYPE A.' };
  }
}

function allocate(argument: string): Reply {
  return /^\d+(?: R \d+)?$/i.test(argument)
    ? { code: 202, text: 'Space need not be reserved.' }
    : { code: 501, text: 'ALLO needs a number of bytes.' };
}

function only(value: string, argument: string, explanation: string): Reply {
  if (argument === '') return { code: 501, text: 'A value is needed.' };
  return argument.trim().toUpperCase() === value
    ? { code: 200, text: 'So it is.' }
    : { code: 504, text: explanation };
}

function opts(session: Session, text: string): Reply {
  const [name = '', ...rest] = text.trim().split(' ');
  const value = rest.join(' ');
  switch (name.toUpperCase()) {
    case 'UTF8':
    case 'UTF-8':
      return value === '' || value.toUpperCase() === 'ON'
        ? { code: 200, text: 'Names are UTF-8.' }
        : { code: 504, text: 'Names are always UTF-8.' };
    case 'MLST': {
      // Unknown facts are ignored, and the reply tells what is left (RFC 3659, section 7.9).
      const wanted = new Set(value.toLowerCase().split(';'));
      session.facts = factNames.filter((fact) => wanted.has(fact));
      return { code: 200, text: `MLST OPTS ${session.facts.map((fact) => `${fact};`).join('')}` };
    }
    case 'HASH':
      return chooseDigest(session, value);
    default:
      return { code: 501, text: 'There is no such option.' };
  }
}
