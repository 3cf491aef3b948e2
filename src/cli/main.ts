#!/usr/bin/env node
/**
 * The `splitftp` command. Exit status: 0 done, 1 failed (one file that failed is enough), 2 wrong usage or
 * configuration, 130 interrupted.
 */
import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { describeError } from '../client/errors.ts';
import { ConfigurationError } from '../config/configuration.ts';
import { addConvertCommand } from './convert.ts';
import { addFileCommands } from './files.ts';
import { InterruptedError } from './interruption.ts';
import { addRecoveryCommands } from './recovery.ts';
import { addReportCommands } from './reports.ts';
import { addServerCommands } from './servers.ts';
import { UsageError } from './session.ts';
import { addTransferCommands } from './transfers.ts';
import { addUpkeepCommands } from './upkeep.ts';
import { addUserCommands } from './users.ts';

const program = new Command('splitftp')
  .description('Several FTP servers as one drive.')
  .version(packageJson.version)
  .showHelpAfterError('(add --help for examples)')
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'splitftp: ')) })
  .addHelpText('after', '\n"splitftp COMMAND --help" has examples.')
  .exitOverride();
program.commandsGroup('Servers:');
addServerCommands(program);
program.commandsGroup('Files:');
addTransferCommands(program);
addFileCommands(program);
program.commandsGroup('The pool:');
addReportCommands(program);
addUpkeepCommands(program);
addConvertCommand(program);
program.commandsGroup('When something is lost:');
addRecoveryCommands(program);
program.commandsGroup('Who may log in:');
addUserCommands(program);

// The reader of a pipe may have seen enough (`splitftp ls | head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

program.parseAsync().catch((error: unknown) => {
  process.exitCode = exitStatus(error);
  if (error instanceof CommanderError) return; // It has been printed already.
  process.stderr.write(`splitftp: ${messageOf(error)}\n`);
});

/** Of an error of the operating system the words for it, and what it is about. */
function messageOf(error: unknown): string {
  const words = describeError(error);
  const isAboutFile = error instanceof Error && 'path' in error && error.message !== words;
  return isAboutFile ? `${error.path}: ${words}` : words;
}

function exitStatus(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof ConfigurationError || error instanceof UsageError) return 2;
  return error instanceof InterruptedError ? 130 : 1;
}
