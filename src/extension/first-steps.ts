import * as vscode from 'vscode';
import type { Servers } from './servers.ts';

/** Steps of the walkthrough that are done by what came of them; `completionEvents` in package.json name them. */
export type FirstStep = 'started' | 'uploaded' | 'mapShown' | 'drillPassed' | 'serverAdded';

/** Milliseconds between two signals while the walkthrough may be in front. */
const pause = 2_000;

/**
 * Tells the walkthrough which steps are done, however they were begun; a button that was pressed and canceled does not
 * count. VS Code knows walkthroughs only once one is opened, and takes a context that was true before for nothing: so
 * each step is a signal, a context that is true for a moment, given again while the walkthrough may be in front.
 */
export class FirstSteps implements vscode.Disposable {
  readonly #done = new Set<FirstStep>();
  readonly #subscriptions: vscode.Disposable;
  #timer: NodeJS.Timeout | undefined;

  constructor(servers: Servers) {
    const { tabGroups } = vscode.window;
    this.#subscriptions = vscode.Disposable.from(
      servers.onDidChangeState(({ kind }) => {
        if (kind === 'running') this.finish('started');
      }),
      tabGroups.onDidChangeTabs(() => this.#follow()),
      tabGroups.onDidChangeTabGroups(() => this.#follow()),
    );
    this.#follow();
  }

  finish(step: FirstStep): void {
    this.#done.add(step);
    signal(step);
  }

  dispose(): void {
    clearInterval(this.#timer);
    this.#subscriptions.dispose();
  }

  #follow(): void {
    clearInterval(this.#timer);
    // Extensions are not told what a walkthrough's tab shows: what has an input is something else.
    if (!vscode.window.tabGroups.all.some(({ activeTab }) => activeTab && activeTab.input === undefined))
      return;
    this.#timer = setInterval(() => {
      for (const step of this.#done) signal(step);
    }, pause);
  }
}

/** Both at once, so that nobody looks in between: a walkthrough that begins with a context takes it for nothing. */
function signal(step: FirstStep): void {
  for (const value of [true, false])
    void vscode.commands.executeCommand('setContext', `splitftp.step.${step}`, value);
}
