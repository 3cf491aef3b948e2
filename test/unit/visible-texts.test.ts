/**
 * Every text of the extension that a person reads goes through `vscode.l10n`: this test finds those that do not. It
 * looks at all string literals with several words, and leaves out what is no text for a person.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Literal {
  readonly text: string;
  /** The code before it, white space as one blank. */
  readonly before: string;
}

/** Text of the log and of issue reports is read by whoever mends SplitFTP, in one language. */
const forLogs = /\b(?:log|this\.#log|console)\.(?:error|warn|info|debug|trace)\( ?$|onError\( ?$/;
const translated = /\bl10n\.t\( ?$/;
const sql = /^(?:SELECT|INSERT|DELETE|UPDATE|CREATE|PRAGMA|BEGIN)\b/;
const markup = /^\s*<|^[\w-]+ '[^']*'|default-src|^command:/;
/** Keys, names and values that only look like words. */
const names: ReadonlySet<string> = new Set([
  'password of …',
  'password of …@…:…',
  '/SplitFTP drill',
  '… more',
  'the settings',
  // Compared with what another part of the program says, and never shown.
  // In a report for whoever mends SplitFTP.
  'the coordinator does not answer',
  'own change',
  'not looked',
  'unknown certificate',
  'the client was closed',
  'the transfer was stopped',
  'the servers were stopped',
  'storage server',
]);

/** Code without comments, and its literals; what stands in `${...}` is left out. */
function literalsOf(source: string): Literal[] {
  const literals: Literal[] = [];
  let code = '';
  let at = 0;
  const read = (end: (char: string) => boolean): void => {
    for (; at < source.length && !end(source[at] ?? ''); at++) {
      const char = source[at] ?? '';
      const two = source.slice(at, at + 2);
      if (two === '//') at = endOf('\n') - 1;
      else if (two === '/*') at = endOf('*/') + 1;
      else if (char === '/' && /(?:[(,=:[!&|?{};]|^|return) ?$/.test(code)) skipPattern();
      else if (char === "'" || char === '"' || char === '`') readLiteral(char);
      else if (char === '{') {
        code += char;
        at++;
        read((one) => one === '}');
        code += '}';
      } else if (!/\s/.test(char)) code += char;
      else if (!code.endsWith(' ')) code += ' ';
    }
  };
  const endOf = (mark: string): number => {
    const found = source.indexOf(mark, at);
    return found === -1 ? source.length : found;
  };
  const skipPattern = (): void => {
    for (let inClass = false; ++at < source.length; ) {
      const char = source[at];
      if (char === '\\') at++;
      else if (char === '[') inClass = true;
      else if (char === ']') inClass = false;
      else if (char === '/' && !inClass) break;
    }
    code += '/./';
  };
  const readLiteral = (quote: string): void => {
    const before = code.slice(-60);
    let text = '';
    for (at++; at < source.length && source[at] !== quote; at++) {
      if (source[at] === '\\') {
        at++;
        text += source[at] === 'n' ? '\n' : (source[at] ?? '');
      } else if (quote === '`' && source.slice(at, at + 2) === '${') {
        at += 2;
        text += '…';
        code += '`';
        read((one) => one === '}');
      } else text += source[at];
    }
    code += '""';
    literals.push({ text, before });
  };
  read(() => false);
  return literals;
}

/** Whether a literal is a sentence, or several words of one, that a person would see in English whatever the language. */
function isUntranslated({ text, before }: Literal): boolean {
  if (translated.test(before) || forLogs.test(before) || names.has(text)) return false;
  if (sql.test(text) || markup.test(text.trim())) return false;
  const words = text.replaceAll(/\$\(\S+\)|…/g, ' ').match(/[A-Za-z]{2,}/g) ?? [];
  if (words.length >= 2) return /[A-Za-z]{2,}[,:]? (?:…|"|[A-Za-z])/.test(text);
  // One word with an upper-case letter is one of a button or a title.
  return /^(?:\$\(\S+\) )?[A-Z][a-z]+\.*$/.test(text) && /[[(,:?] ?$/.test(before);
}

const folder = resolve(import.meta.dirname, '../../src/extension');

function untranslatedIn(source: string): string[] {
  return literalsOf(source)
    .filter(isUntranslated)
    .map(({ text }) => text);
}

describe('texts without a translation', () => {
  it('are found', () => {
    expect(untranslatedIn("throw new Error('The servers are stopped.');")).toEqual([
      'The servers are stopped.',
    ]);
    expect(untranslatedIn('show(`Delete $' + '{count} files?`, { title: "Delete" })')).toEqual([
      'Delete … files?',
      'Delete',
    ]);
    expect(untranslatedIn("// don't\nask(vscode.l10n.t('The {0} is.', name), 'Yes')")).toEqual(['Yes']);
  });

  it('are not mistaken for others', () => {
    expect(untranslatedIn("l10n.t(\n  'The servers are stopped.',\n)")).toEqual([]);
    expect(untranslatedIn("log.warn('Looking for changes: none'); run('INSERT INTO batch')")).toEqual([]);
    expect(
      untranslatedIn("import x from 'node:fs'; /* it's a test */ const a = /'[/]\"/u; f('running')"),
    ).toEqual([]);
  });

  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
  it.for(files.map((file) => [relative(folder, file), file] as const))('are not in %s', ([, file]) => {
    expect(untranslatedIn(readFileSync(file, 'utf8'))).toEqual([]);
  });
});
