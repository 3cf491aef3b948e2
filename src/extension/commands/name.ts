import { l10n } from 'vscode';

/** Why a name cannot be stored, in words for a person. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return l10n.t('Type a name.');
  if (name === '.' || name === '..') return l10n.t('This name means a folder itself: choose another.');
  if (name.includes('/')) return l10n.t('A name cannot hold a slash.');
  if (/\p{Cc}/u.test(name)) return l10n.t('A name cannot hold control characters.');
  return undefined;
}
