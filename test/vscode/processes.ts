/** The processes of an extension host and of its servers, which are no children of the test. */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

export interface ProcessTree {
  readonly host: number;
  /** The coordinator and the storage servers. */
  readonly servers: readonly number[];
}

/** The processes below an extension host, as Linux tells them. @throws where it runs no servers */
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

/** Processes cannot be awaited that are not one's own children. */
export async function untilGone(pids: readonly number[], seconds = 15): Promise<void> {
  for (const deadline = Date.now() + seconds * 1000; ; await delay(100)) {
    const left = pids.filter(isRunning);
    if (left.length === 0) return;
    if (Date.now() > deadline) throw new Error(`Processes ${left.join(', ')} are still running`);
  }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
