import { env, l10n } from 'vscode';

const units = ['', 'KB', 'MB', 'GB', 'TB', 'PB'] as const;

// Made once, since making one takes longer than a row of the tree; and late, since the first takes longer than all
// else that the extension does when it is activated.
let wholeNumber: Intl.NumberFormat | undefined;
let oneDigit: Intl.NumberFormat | undefined;

function formatNumber(amount: number, digits: 0 | 1): string {
  if (digits === 0) {
    wholeNumber ??= new Intl.NumberFormat(env.language, { maximumFractionDigits: 0 });
    return wholeNumber.format(amount);
  }
  oneDigit ??= new Intl.NumberFormat(env.language, { maximumFractionDigits: 1 });
  return oneDigit.format(amount);
}

/** A size as VS Code's explorer words it: units of 1024, two decimals at most. */
export function formatSize(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const amount = bytes / 1024 ** power;
  if (power > 0) return `${formatNumber(amount, amount < 10 ? 1 : 0)} ${units[power]}`;
  return countBytes(bytes);
}

/** A number with the separators of VS Code's language. */
export function formatCount(count: number): string {
  return formatNumber(count, 0);
}

/** Of so many things a second, as few digits as tell something. */
export function formatSpeed(amount: number): string {
  return formatNumber(amount, amount < 10 ? 1 : 0);
}

/** @param time a date, or milliseconds since 1970 */
export function formatTime(time: Date | number): string {
  return new Date(time).toLocaleString(env.language);
}

export function countBytes(bytes: number): string {
  return bytes === 1 ? l10n.t('1 byte') : l10n.t('{0} bytes', formatCount(bytes));
}

export function countParts(count: number): string {
  return count === 1 ? l10n.t('1 part') : l10n.t('{0} parts', formatCount(count));
}

export function countFiles(count: number): string {
  return count === 1 ? l10n.t('1 file') : l10n.t('{0} files', formatCount(count));
}
