/** Why a catalogue cannot be rebuilt, in words for a person, with what to do about it. */
export class RebuildError extends Error {
  override readonly name = 'RebuildError';
}
