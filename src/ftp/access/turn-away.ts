import type { Socket } from 'node:net';
import { formatReply } from '../replies.ts';

/**
 * Tells a client at once that there is no place for it, instead of the greeting (RFC 959, section 5.4, "Connection
 * Establishment"), and hangs up. What ftp-srv greets with afterwards finds the socket ended.
 * @param graceMs how long the client may take to read it
 */
export function turnAway(socket: Socket, text: string, graceMs: number): void {
  socket.on('error', () => undefined); // It may be gone already.
  const grace = setTimeout(() => socket.destroy(), graceMs);
  socket.once('close', () => clearTimeout(grace));
  socket.end(formatReply({ code: 421, text }));
  socket.resume();
}
