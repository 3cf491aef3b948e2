import { accessControlCommands } from './access-control.ts';
import type { Command } from './command.ts';
import { dataConnectionCommands } from './data-connection.ts';
import { digestCommands } from './digest.ts';
import { fileFactsCommands } from './file-facts.ts';
import { fileTimesCommands } from './file-times.ts';
import { filesAndFoldersCommands } from './files-and-folders.ts';
import { helpCommand, informationCommands } from './information.ts';
import { listingCommands } from './listing.ts';
import { loginCommands } from './login.ts';
import { parameterCommands } from './parameters.ts';
import { securityCommands } from './security.ts';
import { transferCommands } from './transfer.ts';

const commands = new Map<string, Command>([
  ...loginCommands,
  ...accessControlCommands,
  ...securityCommands,
  ...informationCommands,
  ...parameterCommands,
  ...filesAndFoldersCommands,
  ...fileFactsCommands,
  ...fileTimesCommands,
  ...digestCommands,
  ...listingCommands,
  ...dataConnectionCommands,
  ...transferCommands,
]);
commands.set('HELP', helpCommand(commands));

/** Every command of the engine, by its verb in upper case. */
export const commandTable: ReadonlyMap<string, Command> = commands;
