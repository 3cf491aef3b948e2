import { expect, test } from 'vitest';
import { formatReply } from '../../src/ftp/replies.ts';

test('a reply stays in form whatever it quotes', () => {
  expect(formatReply({ code: 502, text: 'A\r\n230 B\u0000\u007f é日' })).toBe('502 A??230 B?? é日\r\n');
  expect(formatReply({ code: 211, text: 'A', lines: ['211 b', 'c\n211 d'] })).toBe(
    '211-A\r\n 211 b\r\n c?211 d\r\n211 End\r\n',
  );
});
