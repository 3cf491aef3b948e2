/**
 * The number that the random choices of a test run come from: `SPLITFTP_SEED`, which `vitest.config.mts` sets where the
 * environment does not.
 */
export function seedOfRun(): number {
  const seed = Number(process.env.SPLITFTP_SEED);
  if (!Number.isSafeInteger(seed)) throw new Error('SPLITFTP_SEED is a whole number');
  return seed;
}
