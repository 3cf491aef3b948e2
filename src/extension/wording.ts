import { env, l10n } from 'vscode';

const units = ['', 'KB', 'MB', 'GB', 'TB', 'PB'] as const;

// Made once: making one takes longer than a row of the tree.
const wholeNumber = new Intl.NumberFormat(env.language, { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat(env.language, { maximumFractionDigits: 1 });

/** A size as VS Code's explorer words it: units of 1024, two decimals at most. */
export function formatSize(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const amount = bytes / 1024 ** power;
  const format = amount < 10 && power > 0 ? oneDigit : wholeNumber;
  if (power > 0) return `${format.format(amount)} ${units[power]}`;
  return bytes === 1 ? l10n.t('1 byte') : l10n.t('{0} bytes', format.format(bytes));
}

export function countParts(count: number): string {
  return count === 1 ? l10n.t('1 part') : l10n.t('{0} parts', count.toLocaleString(env.language));
}

export function countFiles(count: number): string {
  return count === 1 ? l10n.t('1 file') : l10n.t('{0} files', count.toLocaleString(env.language));
}
