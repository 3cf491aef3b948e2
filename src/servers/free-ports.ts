import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Looks for ports in a row that nobody listens on now.
 * @param start where to begin; every tenth port is tried from there on
 * @param isAllowed leaves ports out that are wanted for something else
 * @returns the first of them
 * @throws Error where there are none
 */
export async function findFreePorts(
  host: string,
  start: number,
  count: number,
  isAllowed: (port: number) => boolean = () => true,
): Promise<number> {
  for (let first = start; first + count <= 65_536; first += 10) {
    const ports = Array.from({ length: count }, (_, index) => first + index);
    if (ports.every(isAllowed) && (await areFree(host, ports))) return first;
  }
  throw new Error(`There are no ${count} free ports in a row from ${start} on.`);
}

async function areFree(host: string, ports: readonly number[]): Promise<boolean> {
  for (const port of ports) if (!(await isFree(host, port))) return false;
  return true;
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
