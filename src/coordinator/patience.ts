/** Something that others do as well, and that can be ended from outside. */
export interface Job {
  readonly done: Promise<void>;
  /** Makes {@link done} reject soon. */
  readonly giveUp: () => void;
}

/**
 * Waits for all jobs, whether they succeed or fail; when enough have succeeded, for the rest only so much longer, and
 * then gives those up.
 * @param enough how many must have succeeded
 * @param patience milliseconds
 */
export async function waitForMost(jobs: readonly Job[], enough: number, patience: number): Promise<void> {
  const pending = new Set(jobs);
  let succeeded = 0;
  let timer: NodeJS.Timeout | undefined;
  const limit = () => {
    if (pending.size === 0 || succeeded < enough) return;
    timer ??= setTimeout(() => {
      for (const { giveUp } of pending) giveUp();
    }, patience);
  };
  limit();
  const settle = (job: Job, success: number) => {
    pending.delete(job);
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
  clearTimeout(timer);
}
