/** A window of VS Code as a person uses it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { FrameLocator, Locator, Page } from 'playwright-core';
import { root } from './install.ts';
import { toWebp } from './webp.ts';

/** Pictures of the last run, for people to look at; ignored by git. */
const pictures = join(root, '.test-results');

/** Those that the README shows: UPDATE_PICTURES=1 makes them anew. */
const readmePictures: ReadonlyMap<string, string> = new Map([
  ['40-pool-map-dark', 'media/window-dark.webp'],
  ['40-pool-map-light', 'media/window-light.webp'],
]);

export class Workbench {
  readonly page: Page;
  readonly quickInput: Locator;
  /** The rows of SplitFTP's tree. */
  readonly files: Locator;
  /** The Files view, in the view container of SplitFTP. */
  readonly stored: Locator;
  /** The Transfers view. */
  readonly transfers: Locator;
  readonly status: Locator;
  readonly toasts: Locator;
  readonly dialog: Locator;
  /** The text of the output channel that is shown. */
  readonly output: Locator;
  /** The page of a webview, which VS Code puts into a frame of a frame. */
  readonly webview: FrameLocator;
  /** The text of the editors. */
  readonly editor: Locator;

  constructor(page: Page) {
    this.page = page;
    this.quickInput = page.locator('.quick-input-widget');
    this.files = page.locator('.pane', { has: page.getByLabel('SplitFTP Section') });
    this.stored = page.locator('.pane', { has: page.getByLabel('Files Section') });
    // While something moves, how far it is stands in the label as well.
    this.transfers = page.locator('.pane', { has: page.locator('.pane-header[aria-label^="Transfers"]') });
    this.status = page.locator('.statusbar-item', { hasText: 'SplitFTP' });
    this.toasts = page.locator('.notification-toast');
    this.dialog = page.locator('.monaco-dialog-box');
    this.output = page.locator('.part.panel .view-lines');
    this.webview = page.frameLocator('iframe.webview').frameLocator('iframe');
    this.editor = page.locator('.part.editor .view-lines').first();
  }

  async open(url: string): Promise<void> {
    await this.page.goto(url);
    await this.page.locator('.explorer-folders-view').waitFor();
  }

  /** Opens SplitFTP's part of the explorer. */
  async expandFiles(): Promise<void> {
    const header = this.files.locator('.pane-header');
    await header.waitFor();
    if ((await header.getAttribute('aria-expanded')) !== 'true') await header.click();
  }

  async clearToasts(): Promise<void> {
    await this.run('Notifications: Clear All Notifications');
    await this.toasts.first().waitFor({ state: 'detached' });
  }

  /** Runs a command of the palette by its title. */
  async run(title: string): Promise<void> {
    const row = this.quickInput.locator('.monaco-list-row', { hasText: title }).first();
    // What has just ended may still take the focus, which closes the palette: then it is opened again.
    for (let attempt = 1; ; attempt++) {
      await this.page.keyboard.press('F1');
      try {
        await this.quickInput.locator('input').fill(`>${title}`, { timeout: 5_000 });
        await row.click({ timeout: 5_000 });
        return;
      } catch (error) {
        if (attempt === 4) throw error;
        await this.page.keyboard.press('Escape');
      }
    }
  }

  /** Takes an item of the open list. */
  async pick(label: string): Promise<void> {
    await this.quickInput.locator('.monaco-list-row', { hasText: label }).first().click();
  }

  /** Answers a question for a text. */
  async answer(text: string): Promise<void> {
    const input = this.quickInput.locator('input').first();
    await input.fill(text);
    await input.press('Enter');
  }

  /** Answers the questions about a server of somebody else, each when it is asked. */
  async answerServer(
    address: string,
    user: string,
    password: string,
    encryption: 'TLS (explicit)' | 'No encryption',
  ): Promise<void> {
    for (const [index, text] of [address, user, password].entries()) {
      await this.quickInput.getByText(`(${index + 1}/4)`).waitFor();
      await this.answer(text);
    }
    await this.pick(encryption);
  }

  /**
   * Answers VS Code's own file dialog: after it has listed its first folder, whose path would replace what is
   * typed earlier, and once it has found what was typed, since until then it would take its folder.
   */
  async answerPath(path: string, button: string): Promise<void> {
    const ok = this.quickInput.getByRole('button', { name: button });
    await ok.waitFor();
    await this.quickInput.getByText('..', { exact: true }).waitFor();
    await this.quickInput.locator('input').first().fill(path);
    await this.quickInput.locator('.monaco-list-row.focused', { hasText: basename(path) }).waitFor();
    await ok.click();
  }

  /** The same for a folder, which the first answer only opens. */
  async answerFolder(path: string, button: string): Promise<void> {
    await this.answerPath(path, button);
    // The row of the folder above has, invisible, the words of the row that was there before.
    await this.quickInput
      .locator(`.monaco-list-row[aria-label="${basename(path)}"]`)
      .waitFor({ state: 'detached' });
    await this.quickInput.getByRole('button', { name: button }).click();
  }

  /** Types a path into VS Code's own file dialog and clicks on it: a file is taken, a folder opened. */
  async clickPath(path: string): Promise<void> {
    await this.quickInput.getByText('..', { exact: true }).waitFor();
    await this.quickInput.locator('input').first().fill(path);
    await this.pick(basename(path));
  }

  /** Waits for a message that says this. */
  toast(text: string): Locator {
    return this.toasts.filter({ hasText: text });
  }

  /** Waits until a message that says this is the only one. */
  async onlyToast(text: string): Promise<void> {
    await this.toast(text).waitFor();
    await this.toasts.nth(1).waitFor({ state: 'detached' });
    await this.toast(text).waitFor();
  }

  /** A row of the tree by the name of what is stored. */
  file(name: string): Locator {
    return this.files.locator('.monaco-list-row', { hasText: name });
  }

  /** The tab of an editor. */
  tab(name: string): Locator {
    return this.page.locator('.tab', { hasText: name });
  }

  /** A row of VS Code's own explorer. */
  local(name: string): Locator {
    return this.page.locator('.explorer-folders-view .monaco-list-row', { hasText: name });
  }

  /** Opens a folder of the tree, until this is seen in it: a click on rows that are just being drawn may be lost. */
  async openFolder(name: string, content: string, rows = (each: string) => this.file(each)): Promise<void> {
    const row = rows(name).first();
    for (let attempt = 1; ; attempt++) {
      if ((await row.getAttribute('aria-expanded')) !== 'true') await row.click();
      try {
        await rows(content).waitFor({ timeout: 10_000 });
        return;
      } catch (error) {
        if (attempt === 4) throw error;
      }
    }
  }

  /** Drags a row to another one, or to an editor. */
  async drag(from: Locator, to: Locator): Promise<void> {
    await from.hover();
    await this.page.mouse.down();
    // VS Code starts a drag with the first moves, and looks at what is below with the next ones.
    await to.hover();
    await to.hover({ position: { x: 30, y: 10 } });
    await this.page.mouse.up();
  }

  /** Selects one more row: a click with Ctrl, on a Mac with Command. */
  async addToSelection(row: Locator): Promise<void> {
    await row.click({ modifiers: ['ControlOrMeta'] });
    await row.and(this.page.locator('.selected')).waitFor();
  }

  /** Opens the view container of SplitFTP, beside the explorer. */
  async openContainer(): Promise<void> {
    const tab = this.page.locator('.activitybar .action-item', {
      has: this.page.locator('[aria-label^="SplitFTP"]'),
    });
    if ((await tab.getAttribute('aria-selected')) !== 'true') await tab.click();
    await this.transfers.locator('.pane-header').waitFor();
  }

  /** Opens VS Code's own explorer, beside that. */
  async openExplorer(): Promise<void> {
    await this.page
      .locator('.activitybar .action-item', { has: this.page.locator('[aria-label^="Explorer"]') })
      .click();
    await this.page.locator('.explorer-folders-view').waitFor();
  }

  /** A row of the Transfers view. */
  transfer(text: string): Locator {
    return this.transfers.locator('.monaco-list-row', { hasText: text });
  }

  /**
   * Begins to note the texts of rows of a view, also those that are gone before anybody could look.
   * @returns tells those seen so far that match, each once
   */
  async textsOf(view: string, wanted: RegExp): Promise<() => Promise<string[]>> {
    const seen = await this.page.evaluateHandle((label) => {
      const pane = document.querySelector(`.pane-header[aria-label^="${label}"]`)?.closest('.pane');
      const texts = new Set<string>();
      const note = () => {
        for (const row of pane?.querySelectorAll('.monaco-list-row') ?? []) texts.add(row.textContent ?? '');
      };
      if (pane)
        new MutationObserver(note).observe(pane, { subtree: true, childList: true, characterData: true });
      return texts;
    }, view);
    return async () => (await seen.evaluate((texts) => [...texts])).filter((text) => wanted.test(text));
  }

  /** A row of the Servers view. */
  server(text: string): Locator {
    return this.page
      .locator('.pane', { has: this.page.getByLabel('Servers Section') })
      .locator('.monaco-list-row', { hasText: text });
  }

  /** What the decoration of a tree's row says at its end. */
  async badge(row: Locator): Promise<string> {
    const contents = await row
      .locator('.monaco-icon-label')
      .evaluateAll((labels) => labels.map((label) => getComputedStyle(label, '::after').content));
    return contents.map((content) => content.replaceAll('"', '')).find((content) => content !== 'none') ?? '';
  }

  /** Presses a button that a row of a tree shows at its end. */
  async inline(row: Locator, label: string): Promise<void> {
    await row.hover();
    await row.locator(`.actions .action-label[aria-label^="${label}"]`).click();
  }

  /** Takes an entry of a row's context menu, which closes when the rows are drawn anew: then it is opened again. */
  async menu(row: Locator, title: string): Promise<void> {
    const entry = this.page.locator('.monaco-menu .action-item', { hasText: title }).first();
    for (let attempt = 1; ; attempt++) {
      await row.click({ button: 'right' });
      try {
        // A menu that has just opened ignores the button's release: it may belong to the click that opened it.
        await entry.click({ delay: 300, timeout: 15_000 });
        return;
      } catch (error) {
        if (attempt === 4) throw error;
        await this.page.keyboard.press('Escape');
      }
    }
  }

  /** What the output channel that is shown says; VS Code draws blanks that do not break. */
  async outputText(): Promise<string> {
    return (await this.output.innerText()).replaceAll('\u00a0', ' ');
  }

  async picture(name: string): Promise<void> {
    await mkdir(pictures, { recursive: true });
    const png = await this.page.screenshot({ path: join(pictures, `${name}.png`) });
    const shown = process.env.UPDATE_PICTURES ? readmePictures.get(name) : undefined;
    const browser = this.page.context().browser();
    if (shown !== undefined && browser !== null)
      await writeFile(join(root, shown), await toWebp(png, browser));
  }
}
