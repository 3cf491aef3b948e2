import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withChangedVariable, withoutStorageServer, withVariables } from '../../src/config/env-edit.ts';
import { parseEnvFile } from '../../src/config/env-file.ts';

test('what is added is read back, whatever is in the password, and nothing else changes', () => {
  const password = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !/[\r\n\0]/.test(text));
  fc.assert(
    fc.property(password, (value) => {
      const before = '# a comment\nFTP_USER=u\nFTP_PASSWORD1="p # 1"';
      fc.pre(!["'", '`', '"'].every((quote) => value.includes(quote)));
      let after: string;
      try {
        after = withVariables(before, { FTP_PASSWORD2: value });
      } catch {
        // Refused rather than changed.
        expect(value).toMatch(/\\n/);
        return;
      }
      expect(after.startsWith(before)).toBe(true);
      const { variables, problems } = parseEnvFile(after);
      expect(problems).toEqual([]);
      expect(variables).toEqual({ FTP_USER: 'u', FTP_PASSWORD1: 'p # 1', FTP_PASSWORD2: value });
    }),
  );
});

test('a variable gets another value where it stands, and nothing else changes', () => {
  const text = '# FTP_PORT=1\nexport FTP_PORT = "2121" # for clients\nFTP_PORT1=2122\r\nMY_FTP_PORT=5\n';
  expect(withChangedVariable(text, 'FTP_PORT', '2131')).toBe(
    '# FTP_PORT=1\nexport FTP_PORT = 2131 # for clients\nFTP_PORT1=2122\r\nMY_FTP_PORT=5\n',
  );
  expect(withChangedVariable(text, 'FTP_PORT1', '$& 7')).toContain("\nFTP_PORT1='$& 7'\r\nMY");
});

test('a variable that is not there yet is added', () => {
  expect(withChangedVariable('FTP_USER=u', 'FTP_PORT', '2131')).toBe('FTP_USER=u\nFTP_PORT=2131\n');
});

test('a storage server is removed with all its variables, and no other', () => {
  const text = 'FTP_USER=u\nFTP_USER1=a\nexport FTP_PORT1 = 5\n# FTP_USER1\nFTP_USER11=b\nFTP_TLS1=off';
  expect(withoutStorageServer(text, 1)).toBe('FTP_USER=u\n# FTP_USER1\nFTP_USER11=b\n');
});
