import { l10n } from 'vscode';
import type { FileHealth } from './file-health.ts';

/** One sentence for a person; undefined where there is nothing to tell. */
export function describeHealth({ state, parts, missing, down }: FileHealth): string | undefined {
  const lacking = [
    ...(missing === 1 && parts === 1 ? [l10n.t('its only part is missing')] : []),
    ...(missing === 1 && parts > 1 ? [l10n.t('1 of {0} parts is missing', parts)] : []),
    ...(missing > 1 ? [l10n.t('{0} of {1} parts are missing', missing, parts)] : []),
    ...(down.length === 1 ? [l10n.t('{0} is down', down.join())] : []),
    ...(down.length > 1 ? [l10n.t('{0} are down', down.join(', '))] : []),
  ].join(', ');
  switch (state) {
    case 'whole':
      return undefined;
    case 'degraded':
      return l10n.t('Degraded: {0}; it can be read.', lacking);
    case 'unavailable':
      return l10n.t('Cannot be read now: {0}.', lacking);
    case 'lost':
      return l10n.t('Lost: {0}, more than it can do without.', lacking);
  }
}
