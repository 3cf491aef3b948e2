import type { Socket } from 'node:net';

/**
 * From now on those who listen to the socket get whole lines only. basic-ftp takes what has arrived of a line for all of
 * it: a reply that the network cuts in two would be another one.
 * @param socket with an encoding set
 */
export function deliverWholeLines(socket: Socket): void {
  const listeners = socket.listeners('data');
  socket.removeAllListeners('data');
  let rest = '';
  socket.on('data', (chunk: string) => {
    rest += chunk;
    const end = rest.lastIndexOf('\n') + 1;
    if (end === 0 && rest.length < mostCharacters) return;
    const lines = rest.slice(0, end || rest.length);
    rest = rest.slice(lines.length);
    for (const listener of listeners) Reflect.apply(listener, socket, [lines]);
  });
}

/** Who sends more without a line end is no FTP server; basic-ftp then ends the session. */
const mostCharacters = 65_536;
