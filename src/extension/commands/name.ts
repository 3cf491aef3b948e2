/** Why a name cannot be stored, in words for a person. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'Type a name.';
  if (name === '.' || name === '..') return 'This name means a folder itself: choose another.';
  if (name.includes('/')) return 'A name cannot hold a slash.';
  if (/\p{Cc}/u.test(name)) return 'A name cannot hold control characters.';
  return undefined;
}
