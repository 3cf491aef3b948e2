import { EventEmitter, once } from 'node:events';
import type * as vscode from 'vscode';

/** Collects what an event tells, in words, and waits for some of it; the waiting ends with the test's own time. */
export function recordChanges<T, Words>(
  event: (listener: (value: T) => unknown) => vscode.Disposable,
  word: (value: T) => Words,
) {
  const all: Words[] = [];
  const added = new EventEmitter();
  const subscription = event((value) => {
    all.push(word(value));
    added.emit('added');
  });
  return {
    /** Looks after each event whether what has been told is enough. */
    async until(enough: (all: readonly Words[]) => boolean, what = 'what is expected'): Promise<void> {
      const patience = AbortSignal.timeout(60_000);
      while (!enough(all)) {
        await once(added, 'added', { signal: patience }).catch(() => {
          throw new Error(`Not told: ${what}. Told: ${JSON.stringify(all)}`);
        });
      }
    },
    dispose: () => subscription.dispose(),
  };
}
