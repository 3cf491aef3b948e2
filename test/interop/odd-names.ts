/** As long as names can be, in bytes of UTF-8: 255 and 254. */
export const longNames: readonly string[] = ['n'.repeat(255), 'é'.repeat(127)];

/** Names that people give to files, and that have broken servers and clients. */
export const oddNames: readonly string[] = [
  'two words',
  ' a space before',
  'a space after ',
  "it's",
  'the "best"',
  '#1',
  '100%',
  '%41',
  '*',
  'what?',
  '[a]',
  '{b,c}',
  'semicolon; & | <pipe>',
  'back\\slash',
  '$HOME ~ !',
  '-',
  '-al',
  '--help',
  '.hidden',
  '...',
  'Grüße', // One code point for each letter (NFC) ...
  'Gru\u0308ße', // ... and a mark of its own (NFD): another name.
  '日本語 и العربية',
  '🚀 👩‍👩‍👧',
  ...longNames,
];
