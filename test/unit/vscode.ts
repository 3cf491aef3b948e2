/** What unit tests need of the module that only VS Code has: English words and numbers, and the rows of trees. */
export const l10n = {
  t: (text: string, ...values: unknown[]): string =>
    text.replaceAll(/\{(\d+)\}/g, (_, index) => String(values[Number(index)])),
};

export const env = { language: 'en' };

export class ThemeColor {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }
}

export class ThemeIcon {
  readonly id: string;
  readonly color: ThemeColor | undefined;

  constructor(id: string, color?: ThemeColor) {
    this.id = id;
    this.color = color;
  }
}

export class TreeItem {
  label: string;

  constructor(label: string) {
    this.label = label;
  }
}
