/** The faults that a storage server, or the network before it, can have, and the commands each makes sense at. */

/** At any command, and when the control connection is made (`CONNECT`). */
export const controlFaults = [
  /** No answer, and none to any later command of that session. */
  'stall',
  /** RST on the control connection and its data connections. */
  'reset',
  /** The connection ends in good order, without an answer. */
  'close',
  /** The server's half of the connection ends; it goes on to read. */
  'half-open',
  /** "421 Service not available", and the connection ends. */
  'says-421',
  /** Bytes that are no FTP reply. */
  'garbled',
] as const;

/** At any command: the reply is another one, and the server itself never hears of the command. */
export const replyFaults = [
  'says-425',
  'says-451',
  'says-452-full',
  'says-552-full',
  'says-550-refused',
  'says-502-unknown',
] as const;

/** At any command: the server has done it. */
export const lateFaults = [
  /** The connection is reset instead of the reply. */
  'reply-lost',
  /** The reply comes a byte at a time: not a fault, but unusual. */
  'reply-dribbled',
] as const;

/** While the bytes of a part move (STOR, RETR), after the first ones. */
export const dataFaults = [
  'data-reset',
  'data-stall',
  /** The rest is left out, the connection ends in good order, the server says that all went well. */
  'data-short',
  /** More bytes than the file has. */
  'data-long',
  'data-flipped',
  /** A few kilobytes a second: not a fault, but unusual. */
  'data-slow',
  /** Half of the bytes, then "451 local error". */
  'data-451',
] as const;

/** Of a server that lies. */
export const lies = [
  /** STOR: 226, and the file is gone. */
  'stored-then-gone',
  /** STOR: 226, and only half of the file is there. */
  'stored-then-halved',
  /** SIZE: one byte more. */
  'lying-size',
  /** EPSV: a port where nobody listens. */
  'port-closed',
] as const;

export type FaultKind =
  | (typeof controlFaults)[number]
  | (typeof replyFaults)[number]
  | (typeof lateFaults)[number]
  | (typeof dataFaults)[number]
  | (typeof lies)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** The command it strikes at, or `CONNECT`. */
  readonly at: string;
}

/** What the coordinator says to storage servers. */
export const controlCommands = [
  'CONNECT',
  'USER',
  'PASS',
  'PWD',
  'FEAT',
  'NOOP',
  'MKD',
  'EPSV',
  'STOR',
  'SIZE',
  'SITE',
  'RNFR',
  'RNTO',
  'REST',
  'RETR',
  'DELE',
] as const;

/** Every fault at every command at which it makes sense. */
export function everyFault(): Fault[] {
  const faults: Fault[] = [];
  for (const at of controlCommands) {
    for (const kind of controlFaults) faults.push({ kind, at });
    if (at === 'CONNECT') continue;
    for (const kind of [...replyFaults, ...lateFaults]) faults.push({ kind, at });
  }
  for (const at of ['STOR', 'RETR']) for (const kind of dataFaults) faults.push({ kind, at });
  return [
    ...faults,
    { kind: 'stored-then-gone', at: 'STOR' },
    { kind: 'stored-then-halved', at: 'STOR' },
    { kind: 'lying-size', at: 'SIZE' },
    { kind: 'port-closed', at: 'EPSV' },
  ];
}
