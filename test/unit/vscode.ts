/** What unit tests need of the module that only VS Code has: English words and numbers. */
export const l10n = {
  t: (text: string, ...values: unknown[]): string =>
    text.replaceAll(/\{(\d+)\}/g, (_, index) => String(values[Number(index)])),
};

export const env = { language: 'en' };
