/** Something that others do as well, and that can be ended from outside. */
export interface Job {
  readonly done: Promise<void>;
  /** Makes {@link done} reject soon. */
  readonly giveUp: () => void;
  /** Milliseconds for which it may keep enough others waiting. */
  readonly patience: number;
}

/**
 * Waits for all jobs, whether they succeed or fail; when enough have succeeded, for the rest only as long as their
 * patience is, and then gives those up.
 * @param enough how many must have succeeded
 */
export async function waitForMost(jobs: readonly Job[], enough: number): Promise<void> {
  const pending = new Set(jobs);
  const timers = new Map<Job, NodeJS.Timeout>();
  let succeeded = 0;
  const limit = () => {
    if (succeeded < enough) return;
    for (const job of pending) {
      if (!timers.has(job)) timers.set(job, setTimeout(job.giveUp, job.patience));
    }
  };
  limit();
  const settle = (job: Job, success: number) => {
    pending.delete(job);
    clearTimeout(timers.get(job));
    succeeded += success;
    limit();
  };
  const all = jobs.map((job) =>
    job.done.then(
      () => settle(job, 1),
      () => settle(job, 0), // Whoever made the job knows why.
    ),
  );
  await Promise.all(all);
}
