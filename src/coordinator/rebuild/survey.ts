import type { StorageServerConfiguration } from '../../config/configuration.ts';
import { Login } from '../pool/login.ts';
import { poolsOn } from '../pool/server-identity.ts';
import { describeFailure } from '../pool/storage-failure.ts';
import { RebuildError } from './rebuild-error.ts';

const loginTimeoutMs = 10_000;

export interface Survey {
  /** The pools of which something lies on the servers, each with the numbers of those servers. */
  readonly pools: ReadonlyMap<string, readonly number[]>;
  readonly reachable: readonly number[];
  /** By number, why a server could not be asked. */
  readonly unreachable: ReadonlyMap<number, string>;
}

/** Looks which pools the storage servers belong to; nothing is changed on them. */
export async function surveyServers(
  servers: readonly StorageServerConfiguration[],
  loginMs = loginTimeoutMs,
): Promise<Survey> {
  const pools = new Map<string, number[]>();
  const reachable: number[] = [];
  const unreachable = new Map<number, string>();
  const found = await Promise.allSettled(servers.map((server) => poolsOf(server, loginMs)));
  for (const [index, server] of servers.entries()) {
    const result = found[index];
    if (result?.status !== 'fulfilled') {
      const named = {
        number: server.number,
        name: `storage server ${server.number} (${server.host}:${server.port})`,
      };
      unreachable.set(server.number, describeFailure(named, result?.reason));
      continue;
    }
    reachable.push(server.number);
    for (const name of result.value) {
      pools.set(name, [...(pools.get(name) ?? []), server.number]);
    }
  }
  return { pools, reachable, unreachable };
}

/** @param wanted as a person named it, if they did. @throws RebuildError when there is none, or several to choose from */
export function choosePool({ pools, unreachable }: Survey, wanted: string | undefined): string {
  const list = [...pools]
    .map(([pool, servers]) => `  ${pool} (on storage servers ${servers.join(', ')})`)
    .join('\n');
  const down = [...unreachable.values()].map((reason) => `\n${reason}`).join('');
  if (wanted !== undefined) {
    if (pools.has(wanted)) return wanted;
    throw new RebuildError(
      pools.size === 0
        ? `No storage server holds a pool.${down}`
        : `There is no pool ${wanted}, but:\n${list}${down}`,
    );
  }
  const [first, second] = pools.keys();
  if (first === undefined) {
    throw new RebuildError(`No storage server holds a pool: is this the right configuration?${down}`);
  }
  if (second !== undefined) {
    throw new RebuildError(`The storage servers hold several pools; choose one with --pool:\n${list}`);
  }
  return first;
}

async function poolsOf(server: StorageServerConfiguration, loginMs: number): Promise<string[]> {
  const login = await Login.open(server, loginMs);
  try {
    return await poolsOn(login.connection(login.told));
  } finally {
    login.close();
  }
}
