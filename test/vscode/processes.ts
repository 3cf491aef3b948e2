/** The processes below an extension host, as Linux tells them. */
import { readdir, readFile } from 'node:fs/promises';

export interface ProcessTree {
  readonly host: number;
  /** The coordinator and the storage servers. */
  readonly servers: readonly number[];
}

/** @throws where it runs no servers */
export async function processTree(host: number): Promise<ProcessTree> {
  const servers: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    // One that has ended meanwhile is none of them.
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const [, parent] = /\) \S (\d+)/.exec(stat) ?? [];
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (Number(parent) === host && /dist\/(?:storage|coordinator)\.js/.test(command))
      servers.push(Number(name));
  }
  if (servers.length === 0) throw new Error(`process ${host} runs no servers`);
  return { host, servers };
}
