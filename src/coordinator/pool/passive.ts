import { connect, type Socket } from 'node:net';
import { type Client, FTPError } from 'basic-ftp';

/** Sessions whose server does not know EPSV. */
const withoutEpsv = new WeakSet<Client>();

/**
 * A data connection to the server of a session, still without TLS: to the port that it tells (EPSV, RFC 2428; else PASV,
 * RFC 959) of the address that the session goes to, whatever address a PASV reply tells.
 */
export async function openPassive(client: Client): Promise<Socket> {
  const port = withoutEpsv.has(client) ? await passivePort(client) : await extendedPort(client);
  const host = client.ftp.socket.remoteAddress;
  if (host === undefined || client.closed) throw new Error('Server closed the session');
  const socket = connect({ host, port });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (reason: string) => {
    socket.destroy();
    reject(new Error(`Can't open data connection: ${reason}`));
  };
  const onError = (error: Error) => fail(error.message);
  const onTimeout = () => fail('no answer');
  socket.once('connect', resolve).once('error', onError).setTimeout(client.ftp.timeout, onTimeout);
  try {
    await promise;
  } catch (error) {
    client.close(); // The server waits for a connection that will not come.
    throw error;
  }
  socket.setTimeout(0);
  socket.off('timeout', onTimeout).off('error', onError);
  socket.on('error', shownByTransfer);
  return socket;
}

/** A connection may be reset before its transfer begins; the transfer then finds it destroyed. */
function shownByTransfer(): void {}

async function extendedPort(client: Client): Promise<number> {
  try {
    const { message } = await client.send('EPSV');
    return portOf(message, /\|\|\|(\d{1,5})\|/.exec(message)?.[1]);
  } catch (error) {
    if (!(error instanceof FTPError)) throw error;
    withoutEpsv.add(client);
    return passivePort(client);
  }
}

async function passivePort(client: Client): Promise<number> {
  const { message } = await client.send('PASV');
  const [, high, low] = /\d+,\d+,\d+,\d+,(\d+),(\d+)/.exec(message) ?? [];
  return portOf(message, high === undefined ? undefined : Number(high) * 256 + Number(low));
}

function portOf(reply: string, port: string | number | undefined): number {
  if (port === undefined || Number(port) > 65535) throw new Error(`there is no port in its reply ${reply}`);
  return Number(port);
}
