import { FileSystemError, type FileSystemErrorKind } from './file-system.ts';

/**
 * An answer on the control connection (RFC 959, section 4.2). After 221 and 421 the server hangs up; after 234
 * everything is TLS (RFC 4217, section 4).
 */
export interface Reply {
  readonly code: number;
  readonly text: string;
  /** Makes a multi-line reply: `code-text`, each of these indented by one space, `code End`. */
  readonly lines?: readonly string[];
}

/** Thrown by a command to end it with this reply. */
export class ReplyError extends Error implements Reply {
  readonly code: number;
  readonly text: string;

  constructor(code: number, text: string) {
    super(text);
    this.name = 'ReplyError';
    this.code = code;
    this.text = text;
  }
}

/** 4xx may be tried again as it is, 5xx may not. */
const codes: Readonly<Record<FileSystemErrorKind, number>> = {
  missing: 550,
  exists: 550,
  'not-a-directory': 550,
  'is-a-directory': 550,
  'not-empty': 550,
  'invalid-name': 553,
  denied: 550,
  busy: 450,
  'no-space': 452,
  // Not 450: rclone takes that for "there is no such file".
  unavailable: 451,
  aborted: 426,
  damaged: 451,
};

/** The reply to a command that failed; undefined for a defect, whose text is not for the client. */
export function replyToError(error: unknown): Reply | undefined {
  if (error instanceof ReplyError) return error;
  if (error instanceof FileSystemError) return { code: codes[error.kind], text: error.message };
  return undefined;
}

/** What a command was doing ended with its session. Nobody reads the reply, and the log tells it. */
export function lostSession(): ReplyError {
  return new ReplyError(426, 'The control connection was lost.');
}

export const defectReply: Reply = { code: 451, text: 'The server failed; its log says why.' };

/** The control characters of ASCII, which end lines and steer terminals. */
const unprintable = /[\p{Cc}--[\u0080-\u009f]]/gv;

/** The bytes of a reply, line ends included. What a client sent and is told again never breaks the reply's form. */
export function formatReply({ code, text, lines }: Reply): string {
  const line = (begin: string, content: string) => `${begin}${content.replaceAll(unprintable, '?')}\r\n`;
  if (!lines) return line(`${code} `, text);
  return `${line(`${code}-`, text)}${lines.map((each) => line(' ', each)).join('')}${code} End\r\n`;
}

export function closesConnection(reply: Reply): boolean {
  return reply.code === 221 || reply.code === 421;
}

export function startsTls(reply: Reply): boolean {
  return reply.code === 234;
}
