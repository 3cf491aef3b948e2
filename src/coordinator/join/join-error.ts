/** Why a file cannot be put together, in words for a person, with what to do about it. */
export class JoinError extends Error {
  override readonly name = 'JoinError';
}
