/** Reports the servers' process ids and stays until the extension host is ended from outside. */
import { activeServers, report, untilState } from './report.ts';

export async function run(): Promise<void> {
  const servers = await activeServers();
  await untilState(servers, ({ kind }) => kind === 'running');
  await report('pids.json', servers.pids);
  await new Promise(() => {});
}
