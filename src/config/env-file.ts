import { readFile, stat } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { ConfigurationError } from './configuration.ts';
import { coordinatorVariables, isKnownVariable, suggestVariable } from './variables.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

interface EnvFile {
  readonly variables: Variables;
  /** What is wrong with the file's text; what is wrong with the values is for the reader of the variables. */
  readonly problems: readonly string[];
}

/** Reads an `.env` file. @throws {ConfigurationError} when it cannot be read. */
export async function readEnvFile(path: string): Promise<EnvFile> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const reason =
      code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${String(code ?? error)})`;
    throw new ConfigurationError(path, [`${reason}: name an existing .env file`]);
  }
  return parseEnvFile(text);
}

/**
 * Whether this is an `.env` file of SplitFTP: other programs have such files, and Python's virtual environments are often
 * folders of that name.
 * @throws {ConfigurationError} when it is a file that cannot be read.
 */
export async function isOwnEnvFile(path: string): Promise<boolean> {
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  return isFile && (await readEnvFile(path)).variables[coordinatorVariables.user] !== undefined;
}

/** The variables of an `.env` text as Node reads them, and what Node would pass over in silence. */
export function parseEnvFile(text: string): EnvFile {
  const plain = text.replace(/^\uFEFF/, '');
  const variables = parseEnv(plain);
  const unknown = Object.keys(variables).filter((name) => name.startsWith('FTP_') && !isKnownVariable(name));
  return { variables, problems: [...lineProblems(plain), ...unknown.map(describeUnknown)] };
}

function describeUnknown(name: string): string {
  const suggestion = suggestVariable(name);
  return `${name} is not a known variable: ${suggestion === undefined ? 'remove it' : `did you mean ${suggestion}?`}`;
}

function lineProblems(text: string): string[] {
  const problems: string[] = [];
  const lines = text.split(/\r?\n/);
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    if (/^\s*(#|$)/.test(line)) continue;
    const assignment = /^\s*(?:export\s+)?([^\s=#]+)\s*=\s*(.*)$/.exec(line);
    const [, name = '', value = ''] = assignment ?? [];
    if (assignment === null) {
      problems.push(
        `line ${index + 1} is not NAME=value: correct it, or begin it with # to make it a comment`,
      );
      continue;
    }
    const quote = /^["'`]/.exec(value)?.[0];
    if (quote !== undefined && !value.includes(quote, 1)) {
      if (name.startsWith('FTP_'))
        problems.push(`${name} (line ${index + 1}) has no closing ${quote}: add it`);
      // Other programs' variables may span lines (a key, a certificate): go on after the closing quote.
      const closing = lines.findIndex((later, at) => at > index && later.includes(quote));
      if (closing !== -1) index = closing;
    } else if (quote === undefined && name.startsWith('FTP_') && /\S#/.test(value)) {
      // Node, like dotenv, cuts the value here, and a password would silently be shorter than it looks.
      problems.push(`${name} (line ${index + 1}) holds a #, where a comment begins: put the value in quotes`);
    }
  }
  return problems;
}
