import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

const host = '127.0.0.1';
/**
 * Below what systems give to outgoing connections (from 32768 on Linux, 49152 elsewhere): a server of a test is
 * stopped and started again, and meanwhile no connection of another test must take its port.
 */
const lowest = 12_000;
const highest = 32_000;

/**
 * So many free ports of 127.0.0.1, one after the other, which no other test gets before this process has ended: while a
 * test's server is stopped its port is free, and another test's server there would get the connections meant for it.
 */
export async function freePorts(count: number): Promise<number[]> {
  for (;;) {
    const first = lowest + Math.floor(Math.random() * (highest - lowest));
    const ports = Array.from({ length: count }, (_, index) => first + index);
    const reservations = await Promise.all(ports.map(reserve));
    // One that another test has is not even tried: its server may be about to come back.
    if (!reservations.includes(undefined) && !(await Promise.all(ports.map(isFree))).includes(false)) {
      return ports;
    }
    for (const reservation of reservations) reservation?.close();
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

/** Takes the UDP port of the same number, which nothing here needs, and the system gives back however a process ends. */
async function reserve(port: number): Promise<Socket | undefined> {
  const socket = createSocket('udp4').unref();
  socket.bind({ port, address: host, exclusive: true });
  try {
    await once(socket, 'listening');
  } catch {
    return undefined;
  }
  return socket;
}
