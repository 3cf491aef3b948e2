/** What a fuzzed FTP session does, as fast-check makes it up: right, wrong, odd and hostile in turn. */
import fc from 'fast-check';
import { commandTable } from '../../src/ftp/commands/command-table.ts';

/** A piece of what goes over the control connection. */
export interface Lines {
  readonly kind: 'lines';
  /** Whole lines with their ends, Telnet sequences included. */
  readonly bytes: Buffer;
  /** Where it is cut into several writes, as shares of its length. */
  readonly cuts: readonly number[];
  /** Whether all replies are awaited before the session goes on. */
  readonly waits: boolean;
}

export type DataAct =
  /** Sends so many bytes and ends, for an upload. */
  | { readonly kind: 'send'; readonly bytes: number }
  /** Sends so many bytes and resets the connection. */
  | { readonly kind: 'reset'; readonly bytes: number }
  /** Reads to the end, for a download or a listing. */
  | { readonly kind: 'read' }
  /** Neither reads nor writes, and stays. */
  | { readonly kind: 'stay' }
  /** Ends its own direction at once, and reads. */
  | { readonly kind: 'half-close' }
  /** Does not connect at all. */
  | { readonly kind: 'none' };

export interface DataTransfer {
  readonly kind: 'transfer';
  /** EPSV or PASV, perhaps with something odd behind. */
  readonly setup: string;
  readonly before: readonly string[];
  readonly command: string;
  readonly act: DataAct;
  /** Whether the data connection is there before the command. */
  readonly connectsFirst: boolean;
  /** Sent while it runs. */
  readonly meanwhile: readonly string[];
}

export type Step = Lines | DataTransfer;

export interface Script {
  /** When the connection becomes TLS: at once (implicit TLS), with AUTH before the login, or not at all. */
  readonly secure: 'implicit' | 'explicit' | 'no';
  readonly login: readonly string[];
  readonly steps: readonly Step[];
  /** How the client leaves. */
  readonly end: 'quit' | 'await-and-drop' | 'drop' | 'reset' | 'half-close';
}

const verbs = [...commandTable.keys()].filter((verb) => verb !== 'QUIT' && verb !== 'AUTH');
const noVerbs = [
  '',
  ' ',
  'PASSS',
  'XYZ',
  'NO OP',
  'GET',
  'POST / HTTP/1.1',
  'USERu',
  '\t',
  'É',
  '220',
  'QUITT',
  '-',
];

const name = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('a', 'b', 'c', 'a/b', '/a', '/a/b', '/a/b/c', 'd e', '..', '.', '/', ''),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...[
        ' a',
        'a ',
        '"',
        'a"b',
        '-al',
        '--',
        '*',
        '[a]',
        '~',
        '\\',
        'é',
        'e\u0301',
        '日本',
        '🎉',
        '../../..',
      ],
      ...[
        'a\u0000b',
        'a\rb',
        '\u0007',
        'x'.repeat(255),
        'x'.repeat(256),
        '/x'.repeat(3000),
        '\u2028',
        '%n%s',
        "';--",
      ],
    ),
  },
  {
    weight: 1,
    arbitrary: fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.replaceAll('\n', '')),
  },
);

const number = fc.oneof(
  fc.constantFrom('0', '1', '5', '-1', '4294967296', '9'.repeat(30), '1e3', '0x10', 'NaN', ''),
  fc.nat(3000).map(String),
);

/** Arguments that mean something to a command. */
const fitting: Readonly<Record<string, fc.Arbitrary<string>>> = {
  USER: fc.constantFrom('u', 'u', 'u', 'nobody', '', 'U'),
  PASS: fc.constantFrom('p', 'p', 'p', 'wrong', ''),
  TYPE: fc.constantFrom('I', 'A', 'A N', 'L 8', 'L 7', 'E', '', 'i'),
  MODE: fc.constantFrom('S', 'B', 'C', ''),
  STRU: fc.constantFrom('F', 'R', 'P', ''),
  REST: number,
  ALLO: number,
  RANG: fc.tuple(number, number).map((numbers) => numbers.join(' ')),
  OPTS: fc.constantFrom(
    'UTF8 ON',
    'UTF8 OFF',
    'MLST type;size;',
    'MLST',
    'HASH SHA-256',
    'HASH CRC32',
    'HASH',
    'X',
    '',
  ),
  SITE: fc.oneof(
    fc.constantFrom(
      'HELP',
      'EXPECT 5',
      'EXPECT x',
      'CHMOD 644 a',
      'UTIME 20200101000000 a',
      'ECHO x',
      'FAIL',
      '',
      'X',
    ),
    number.map((digits) => `EXPECT ${digits}`),
  ),
  MFMT: name.map((path) => `20200131235959 ${path}`),
  MDTM: fc.oneof(
    name,
    name.map((path) => `20200131235959 ${path}`),
  ),
  EPSV: fc.constantFrom('', '', '1', '2', '3', 'ALL', 'x'),
  PORT: fc.constantFrom('127,0,0,1,4,1', '127,0,0,1,0,21', '8,8,8,8,200,1', '127,0,0,010,200,1', '1,2,3', ''),
  EPRT: fc.constantFrom('|1|127.0.0.1|1025|', '|1|127.0.0.010|1025|', '|2|::1|1025|', '|3|x|1|', '||||', ''),
  HELP: fc.constantFrom('', 'SITE', 'STOR', 'X'),
  HOST: fc.constantFrom('ftp.example', '[::1]', ''),
  PBSZ: number,
  PROT: fc.constantFrom('C', 'P', 'S', ''),
};

const argument = (verb: string) => fitting[verb] ?? name;

/** Mostly as it should be; sometimes in small letters, with spaces too many, or without what it needs. */
const command: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .constantFrom(...verbs)
      .chain((verb) => argument(verb).map((text) => (text === '' ? verb : `${verb} ${text}`))),
  },
  { weight: 2, arbitrary: fc.constantFrom(...verbs).map((verb) => verb.toLowerCase()) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(...verbs), name).map(([verb, text]) => `${verb}  ${text} `),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...noVerbs), name).map((words) => words.join(' ')) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'NOOP',
      'STAT',
      'PWD',
      'ABOR',
      'ABOR',
      'REIN',
      'AUTH TLS',
      'AUTH X',
      'CCC',
      'RNFR a',
      'RNTO b',
      'MKD a',
      'CWD a',
    ),
  },
);

/** RFC 854, and how ABOR is announced (RFC 959, section 4.1.3); also torn apart. */
const telnet = fc.constantFrom(
  [255, 244, 255, 242],
  [255, 244],
  [242],
  [255, 251, 1],
  [255, 254, 34],
  [255, 250, 1, 2, 255, 240],
  [255, 241],
);

const line: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.oneof({ weight: 9, arbitrary: fc.constant<number[]>([]) }, { weight: 1, arbitrary: telnet }),
    command,
    fc.oneof({ weight: 4, arbitrary: fc.constant('\r\n') }, { weight: 1, arbitrary: fc.constant('\n') }),
  )
  .map(([prefix, text, end]) => Buffer.concat([Buffer.from(prefix), Buffer.from(text), Buffer.from(end)]));

const noise: fc.Arbitrary<Buffer> = fc.oneof(
  // A Telnet subnegotiation that does not end would swallow all that follows, as it should.
  fc
    .uint8Array({ maxLength: 300 })
    .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 255 ? 254 : byte)))),
  fc.integer({ min: 8000, max: 20_000 }).map((length) => Buffer.alloc(length, 'x')),
  fc.constant(Buffer.from([0xc3, 0x0a])),
);

const lines: fc.Arbitrary<Lines> = fc
  .tuple(
    fc.oneof(
      { weight: 12, arbitrary: fc.array(line, { minLength: 1, maxLength: 6 }) },
      { weight: 1, arbitrary: fc.array(line, { minLength: 20, maxLength: 120 }) },
      { weight: 1, arbitrary: noise.map((bytes) => [bytes, Buffer.from('\r\n')]) },
    ),
    fc.oneof(
      { weight: 3, arbitrary: fc.constant<number[]>([]) },
      { weight: 1, arbitrary: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }) },
    ),
    fc.boolean(),
  )
  .map(([all, cuts, waits]) => ({ kind: 'lines', bytes: Buffer.concat(all), cuts, waits }));

const dataAct: fc.Arbitrary<DataAct> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.oneof(fc.nat(50), fc.nat(30_000)).map((bytes) => ({ kind: 'send' as const, bytes })),
  },
  { weight: 4, arbitrary: fc.constant({ kind: 'read' as const }) },
  { weight: 2, arbitrary: fc.nat(2000).map((bytes) => ({ kind: 'reset' as const, bytes })) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('stay' as const, 'half-close' as const, 'none' as const)
      .map((kind) => ({ kind })),
  },
);

const transfer: fc.Arbitrary<DataTransfer> = fc.record({
  kind: fc.constant('transfer'),
  setup: fc.constantFrom('EPSV', 'EPSV', 'PASV', 'PASV', 'EPSV 1', 'EPSV 2', 'epsv'),
  before: fc.oneof(
    { weight: 4, arbitrary: fc.constant<string[]>([]) },
    { weight: 1, arbitrary: number.map((offset) => [`REST ${offset}`]) },
    { weight: 1, arbitrary: fc.array(command, { maxLength: 2 }) },
  ),
  command: fc
    .tuple(
      fc.constantFrom('STOR', 'STOR', 'STOR', 'RETR', 'RETR', 'APPE', 'LIST', 'NLST', 'MLSD', 'STOU'),
      fc.oneof({ weight: 3, arbitrary: fc.constantFrom('a', 'b', 'c') }, { weight: 1, arbitrary: name }),
    )
    .map(([verb, path]) => (path === '' ? verb : `${verb} ${path}`)),
  act: dataAct,
  connectsFirst: fc.boolean(),
  meanwhile: fc.oneof(
    { weight: 3, arbitrary: fc.constant<string[]>([]) },
    {
      weight: 1,
      arbitrary: fc.array(fc.constantFrom('NOOP', 'STAT', 'ABOR', 'PWD', 'STAT a', 'NOOP x'), {
        maxLength: 3,
      }),
    },
    { weight: 1, arbitrary: fc.array(command, { maxLength: 3 }) },
  ),
});

export const script: fc.Arbitrary<Script> = fc.record({
  secure: fc.oneof(
    { weight: 10, arbitrary: fc.constant('no' as const) },
    { weight: 1, arbitrary: fc.constant('implicit' as const) },
    { weight: 1, arbitrary: fc.constant('explicit' as const) },
  ),
  login: fc.oneof(
    { weight: 8, arbitrary: fc.constant(['USER u', 'PASS p']) },
    { weight: 1, arbitrary: fc.constant(['USER u', 'PASS wrong', 'USER u', 'PASS p']) },
    { weight: 1, arbitrary: fc.constantFrom([], ['USER nobody', 'PASS p'], ['PASS p'], ['USER u']) },
  ),
  steps: fc.array(fc.oneof<fc.Arbitrary<Step>[]>(lines, transfer), { maxLength: 8 }),
  end: fc.oneof(
    { weight: 5, arbitrary: fc.constant('quit' as const) },
    { weight: 2, arbitrary: fc.constant('await-and-drop' as const) },
    { weight: 3, arbitrary: fc.constantFrom('drop' as const, 'reset' as const, 'half-close' as const) },
  ),
});
