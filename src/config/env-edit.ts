/** Changes of an `.env` file's text that leave everything else in it as it is. */
import { storageNumber } from './variables.ts';

/** Adds variables at the end. @throws where a value cannot be written in such a file */
export function withVariables(text: string, variables: Readonly<Record<string, string>>): string {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${quoted(name, value)}\n`);
  const separator = text === '' || text.endsWith('\n') ? '' : '\n';
  return text + separator + lines.join('');
}

/** Gives one variable another value where it stands, or adds it. @throws as {@link withVariables} */
export function withChangedVariable(text: string, name: string, value: string): string {
  const line = new RegExp(
    `^([^\\S\\n]*(?:export\\s+)?${name}[^\\S\\n]*=[^\\S\\n]*)(?:"[^"]*"|'[^']*'|\`[^\`]*\`|[^\\s#]*)`,
    'gm',
  );
  // A function, since a value may hold what stands for something in a replacement.
  const changed = text.replaceAll(line, (_, start: string) => start + quoted(name, value));
  return text.search(line) === -1 ? withVariables(text, { [name]: value }) : changed;
}

/** Removes the variables of one storage server. */
export function withoutStorageServer(text: string, number: number): string {
  return text
    .split(/(?<=\n)/)
    .filter((line) => {
      const [, name = ''] = /^\s*(?:export\s+)?([^\s=#]+)\s*=/.exec(line) ?? [];
      return storageNumber(name) !== number;
    })
    .join('');
}

/** As Node reads it back: quotes of one kind, which the value must not hold. */
function quoted(name: string, value: string): string {
  if (/^[\w.:/@+,-]+$/.test(value)) return value;
  const quote = ["'", '`', '"'].find((one) => !value.includes(one));
  if (quote === undefined || /[\r\n\0]/.test(value) || (quote === '"' && value.includes('\\n'))) {
    throw new Error(
      `The value of ${name} cannot stand in an .env file: it has every kind of quotes, or a line break.`,
    );
  }
  return `${quote}${value}${quote}`;
}
