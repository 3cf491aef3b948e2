import { FileSystemError } from '../ftp/file-system.ts';
import type { SiteCommand } from '../ftp/server.ts';
import { firstPage } from '../site/reports.ts';
import type { Upkeep } from './upkeep/upkeep.ts';

/**
 * The owner's SITE commands about upkeep, as `site/reports.ts` describes them.
 * @param reportServer the line of SITE STATUS for one storage server
 */
export function upkeepCommands(
  upkeep: Upkeep,
  reportServer: (number: number) => Promise<string[]>,
): Map<string, SiteCommand> {
  return new Map<string, SiteCommand>([
    ['VERIFY', (argument, resolve) => verify(upkeep, argument, resolve)],
    [
      'REPAIR',
      async (argument) => {
        const [, server] =
          /^(?:-server (\d+))?$/.exec(argument) ?? wrong('SITE REPAIR, or SITE REPAIR -server 2');
        return [JSON.stringify(await upkeep.repair(server === undefined ? undefined : Number(server)))];
      },
    ],
    [
      'DRAIN',
      async (argument) => {
        const [, undo, server] =
          /^(-undo )?(\d{1,3})$/.exec(argument) ?? wrong('SITE DRAIN 2, or SITE DRAIN -undo 2');
        await upkeep.drain(Number(server), undo === undefined);
        return reportServer(Number(server));
      },
    ],
    [
      'REBALANCE',
      async (argument) => {
        if (argument === '') await upkeep.mover.startRebalance();
        else if (argument === '-stop') await upkeep.mover.stopRebalance();
        else wrong('SITE REBALANCE, or SITE REBALANCE -stop');
        return [JSON.stringify(await upkeep.mover.report())];
      },
    ],
  ]);
}

async function verify(
  upkeep: Upkeep,
  argument: string,
  resolve: (path: string) => string,
): Promise<string[]> {
  const { verifications } = upkeep;
  const [, option, id = '', from = ''] =
    /^-(status|stop|findings) (\d{1,9})(?: (\d{1,9}))?$/.exec(argument) ?? [];
  switch (option) {
    case 'status':
      return [JSON.stringify(verifications.report(Number(id)))];
    case 'stop':
      return [JSON.stringify(verifications.stopOne(Number(id)))];
    case 'findings':
      return firstPage(verifications.findings(Number(id)).slice(Number(from)));
    default:
      return [JSON.stringify(await verifications.start(resolve(argument)))];
  }
}

function wrong(usage: string): never {
  throw new FileSystemError('invalid-name', `write ${usage}`);
}
