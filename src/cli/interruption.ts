/** The person pressed Ctrl-C, or the process was asked to end. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs a task that cleans up when it is interrupted; it then rejects with {@link InterruptedError}. */
export async function interruptible<T>(task: (interrupted: AbortSignal) => Promise<T>): Promise<T> {
  const interruption = new AbortController();
  const interrupt = () => {
    // A second Ctrl-C is from somebody who does not want to wait for the cleaning up.
    if (interruption.signal.aborted) process.exit(130);
    interruption.abort(new InterruptedError('interrupted'));
  };
  for (const signal of signals) process.on(signal, interrupt);
  try {
    return await task(interruption.signal);
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
  }
}
