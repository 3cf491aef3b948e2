/** What the commands have in common: where the configuration comes from, the client, what is printed. */
import type { Command } from 'commander';
import { SplitClient } from '../client/split-client.ts';
import type { Configuration } from '../config/configuration.ts';
import { findConfigurationFile } from '../config/defaults.ts';
import { loadConfiguration } from '../config/load.ts';

export interface CommonOptions {
  readonly env?: string;
}

/** The arguments are wrong; the message says how they are right. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A command with the options that all have, and its examples below its help. */
export function addCommand(
  program: Command,
  usage: string,
  description: string,
  examples: readonly string[],
): Command {
  return program
    .command(usage)
    .description(description)
    .option(
      '--env <file>',
      'configuration (default: .env here when it is for SplitFTP, else a generated one)',
    )
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ splitftp ${example}\n`).join('')}`);
}

export async function readConfiguration({ env }: CommonOptions): Promise<Configuration> {
  return loadConfiguration({ envFile: env ?? (await findConfigurationFile(process.cwd())) });
}

/** Runs a task with a client of the configured coordinator. */
export async function withClient<T>(
  options: CommonOptions,
  task: (client: SplitClient) => Promise<T>,
): Promise<T> {
  const { coordinator } = await readConfiguration(options);
  const client = new SplitClient(coordinator);
  try {
    return await task(client);
  } finally {
    client.close();
  }
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** A path on the coordinator; people may leave the first slash away. */
export function remotePath(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}
